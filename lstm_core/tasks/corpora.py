"""The texts that come with the playground."""

from __future__ import annotations

import functools
import random
import sysconfig
from datetime import datetime, timedelta
from pathlib import Path

from lstm_core.tasks.tales import tales

CORPUS_NAMES = {
    "tales": "Short tales",
    "rhymes": "Rhymes",
    "counting": "Counting",
    "brackets": "Brackets",
    "log": "Log file",
    "python": "Python code",
    "own": "Your own text",
}
CORPUS_ABOUT = {
    "tales": "Tiny animal stories: watch for quotes that close, and for he and she matching the name.",
    "rhymes": "A few short rhymes: so little text that a network soon knows it by heart, and the validation "
    "loss rises again.",
    "counting": "Lines such as aaaXbbb with as many b as a: look for a unit that counts up and down again.",
    "brackets": "Brackets of three kinds that close in order: the cell state has to remember which are open.",
    "log": "A school building's log: dates that move on, fixed columns, and a restart after each error.",
    "python": "Source of Python's own library: watch for indentation, closing brackets and quotes.",
    "own": "A text that you paste or upload: the network learns to continue it.",
}

# Pure Python since long ago and likely to stay; read in this order until there is enough.
PYTHON_MODULES = (
    "textwrap",
    "heapq",
    "bisect",
    "string",
    "random",
    "statistics",
    "fractions",
    "calendar",
    "csv",
    "json/decoder",
    "json/encoder",
    "json/scanner",
    "copy",
    "pprint",
    "reprlib",
    "fnmatch",
    "glob",
    "sched",
    "queue",
    "linecache",
    "configparser",
    "collections/__init__",
    "contextlib",
    "shlex",
    "tempfile",
    "shutil",
    "functools",
    "threading",
    "operator",
    "difflib",
    "argparse",
    "typing",
)
_PYTHON_SIZE = 500_000


@functools.cache
def corpus_text(name: str) -> str:
    """The text of a corpus in `CORPUS_NAMES` other than "own"; always the same on one machine.

    Raises KeyError for another name, ValueError if Python's library is not there as source.
    """
    makers = {
        "tales": lambda: tales(250_000),
        "rhymes": lambda: (Path(__file__).parent / "rhymes.txt").read_text(encoding="utf-8"),
        "counting": lambda: counting(60_000),
        "brackets": lambda: brackets(80_000),
        "log": lambda: log(120_000),
        "python": python_source,
    }
    return makers[name]()


def counting(size: int, seed: int = 0) -> str:
    """At least `size` characters of lines aⁿXbⁿ, n uniform in 1..12: the counting task of Gers and
    Schmidhuber, "LSTM recurrent networks learn simple context-free and context-sensitive languages" (2001).
    """
    rng = random.Random(seed)
    lines: list[str] = []
    while size > 0:
        n = 1 + int(rng.random() * 12)
        lines.append("a" * n + "X" + "b" * n + "\n")
        size -= len(lines[-1])
    return "".join(lines)


def brackets(size: int, seed: int = 0, longest: int = 60, deepest: int = 8) -> str:
    """At least `size` characters of balanced brackets ()[]{}, a line each of 2 to `longest` characters."""
    rng = random.Random(seed)
    lines: list[str] = []
    while size > 0:
        left = 2 * (1 + int(rng.random() * (longest // 2)))
        line: list[str] = []
        waiting: list[str] = []  # the closing brackets that are due, innermost last
        while left:
            may_open = len(waiting) < min(deepest, left - 1)
            if may_open and (not waiting or rng.random() < 0.55):
                pair = ("()", "[]", "{}")[int(rng.random() * 3)]
                line.append(pair[0])
                waiting.append(pair[1])
            else:
                line.append(waiting.pop())
            left -= 1
        lines.append("".join(line) + "\n")
        size -= len(lines[-1])
    return "".join(lines)


# service: what it does on a good day, what it warns of, what goes wrong
_SERVICES = {
    "door": (
        "opened the main door|closed the main door|checked 12 locks",
        "battery is low",
        "no answer from lock 7",
    ),
    "heating": ("set room 14 to 20 degrees|read 36 sensors", "pressure is low", "pump 2 stopped"),
    "library": ("lent 3 books|took back 5 books|sorted 40 cards", "2 books are late", "catalogue not found"),
    "printer": ("printed 8 pages|printed 30 pages|cleaned itself", "paper is low", "paper jam in tray 1"),
    "kitchen": ("counted 112 meals|washed 90 plates", "oven is still warm", "fridge door is open"),
    "mail": (
        "sent 4 letters|received 9 letters|sorted the inbox",
        "inbox is almost full",
        "connection refused",
    ),
}


def log(size: int, seed: int = 0) -> str:
    """At least `size` characters of log lines whose times increase; each ERROR is followed by a restart."""
    rng = random.Random(seed)
    pick = rng.random
    services = [(name, good.split("|"), warning, error) for name, (good, warning, error) in _SERVICES.items()]
    now = datetime(2026, 1, 5, 6, 0, 0)
    lines: list[str] = []

    def write(level: str, service: str, message: str, milliseconds: int) -> int:
        lines.append(f"{now} {level:<5} {service:<8} {message} in {milliseconds} ms\n")
        return len(lines[-1])

    while size > 0:
        now += timedelta(seconds=1 + int(900 * pick() ** 3))
        name, good, warning, error = services[int(pick() * len(services))]
        luck = pick()
        if luck < 0.84:
            size -= write("INFO", name, good[int(pick() * len(good))], 2 + int(90 * pick() ** 2))
        elif luck < 0.95:
            size -= write("WARN", name, warning, 2 + int(90 * pick() ** 2))
        else:
            size -= write("ERROR", name, error, 1000 + int(4000 * pick()))
            now += timedelta(seconds=1 + int(5 * pick()))
            size -= write("INFO", name, "restarted", 100 + int(400 * pick()))
    return "".join(lines)


def python_source() -> str:
    """About 500 kB of the running Python's standard library; modules that are missing are passed over."""
    library = Path(sysconfig.get_paths()["stdlib"])
    sources: list[str] = []
    size = 0
    for module in PYTHON_MODULES:
        try:
            source = (library / f"{module}.py").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        sources.append(source)
        size += len(source)
        if size >= _PYTHON_SIZE:
            break
    if size < 10_000:
        raise ValueError("This machine's Python comes without its source, so choose another text.")
    return "\n".join(sources)
