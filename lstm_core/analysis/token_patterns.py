"""Which tokens of a text are inside quotes or brackets, after a newline, matched by a regular expression.

Patterns look at characters; a token is marked if any of its characters is. Where words are the tokens, the
spaces between them belong to none.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import regex  # type: ignore[import-untyped]

from lstm_core.tasks import TextTask
from lstm_core.tasks.tokens import spaced

SECONDS = 0.5  # of this process's computing time that a regular expression may take in all
_PARTS = 100_000  # of a compiled pattern: 30 ms and 30 MB
_UNCLOSED = 1_000  # characters before the end of the text, in which a bracket may stay open

Span = tuple[int, int]  # the first character, and the one behind the last
Finder = Callable[[str], list[Span]]

_QUOTES = regex.compile(r'["“”„«»]|\n(?:[^\S\n]*\n)?')
_CLOSING_QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_BRACKETS = regex.compile(r"[()\[\]{}]")
_OPENING_BRACKETS = {")": "(", "]": "[", "}": "{"}
_AFTER_NEWLINE = regex.compile(r"(?<=\n)[^\n]")
_UPPERCASE = regex.compile(r"[\p{Lu}\p{Lt}]+")

# Calls to groups, the flag x, and errors that are forgiven. Before a sign that stands for itself there is no
# backslash, or an even number of them.
_UNBOUNDED = regex.compile(
    r"(?<!\\)(?:\\\\)*(?:\(\?(?:R|[+-]?\d|&|P[>&]|[A-Za-z01]*x)|\{\d*(?:<=?)?[deis][<+,:}])"
)
_REPEATS = regex.compile(r"\+|\{(\d+)")


def mark_text(task: TextTask, tokens: Sequence[int], find: Finder) -> np.ndarray:
    """(N,) bool: which of N tokens, each in [0, vocab_size), are touched by what is found in their text."""
    symbols = [task.vocabulary[token] for token in tokens]
    pieces = spaced(symbols) if task.level == "words" else symbols
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    starts = ends - [len(symbol) for symbol in symbols]
    spans = np.array(find("".join(pieces)), dtype=np.int64).reshape(-1, 2)
    first, last = ends.searchsorted(spans[:, 0], "right"), starts.searchsorted(spans[:, 1])
    touching = (first < last) & (spans[:, 0] < spans[:, 1])  # neither a mere space nor a match of no length
    change = np.zeros(len(symbols) + 1, dtype=np.int64)
    np.add.at(change, first[touching], 1)
    np.add.at(change, last[touching], -1)
    return np.cumsum(change[:-1]) > 0


def quotes(text: str) -> list[Span]:
    """From each opening quote up to the closing one, which is outside again: " ", “ ”, „ “ and « ».

    A straight quote that is not closed ends with its line, the others at the next empty line.
    """
    spans: list[Span] = []
    waiting: list[tuple[str, int]] = []  # opening quotes and their places, each kind once, innermost last
    for found in _QUOTES.finditer(text):
        sign, place = found[0], found.start()
        if sign[0] == "\n":
            ended = [one for one in waiting if one[0] == '"' or len(sign) > 1]
            spans += [(start, place) for _, start in ended]
            waiting = [one for one in waiting if one not in ended]
            continue
        closed = [depth for depth, (opening, _) in enumerate(waiting) if sign in _CLOSING_QUOTES[opening]]
        if closed:
            spans.append((waiting[closed[-1]][1], place))
            del waiting[closed[-1] :]
        elif sign in _CLOSING_QUOTES and all(opening != sign for opening, _ in waiting):
            waiting.append((sign, place))
    return spans + [(start, len(text)) for _, start in waiting]


def brackets(text: str) -> list[Span]:
    """From each opening bracket, ( or [ or {, up to its closing one, which is outside again.

    Brackets of which one side is missing count for nothing, lest one of them mark all the rest of a text:
    smileys, lists such as 1), brackets in a program's strings. One that opens near the end may close later.
    """
    spans: list[Span] = []
    waiting: list[tuple[str, int]] = []  # opening brackets, the innermost last, and where they stand
    count = Counter[str]()
    for found in _BRACKETS.finditer(text):
        sign, place = found[0], found.start()
        opening = _OPENING_BRACKETS.get(sign)
        if opening is None:
            waiting.append((sign, place))
            count[sign] += 1
        elif count[opening]:
            last, start = "", place
            while last != opening:  # what opened inside and was not closed
                last, start = waiting.pop()
                count[last] -= 1
            spans.append((start, place))
    return spans + [(start, len(text)) for _, start in waiting if start >= len(text) - _UNCLOSED]


def after_newline(text: str) -> list[Span]:
    """The first character of each line that is not empty, but for the text's first line."""
    return [found.span() for found in _AFTER_NEWLINE.finditer(text)]


def uppercase(text: str) -> list[Span]:
    """Letters in upper or title case, in any script."""
    return [found.span() for found in _UPPERCASE.finditer(text)]


def regular_expression(pattern: str) -> Finder:
    """Finds all matches of a pattern, in which ^ and $ stand for the ends of a line.

    All that it is asked for, from now on, takes half a second at most. Raises ValueError, a sentence for the
    page, for what is no regular expression or nothing could bound; so does the finder when it takes too long.
    """
    if not pattern:
        raise ValueError(r"The pattern is empty, so that it marks nothing: type one, such as she or \d+.")
    if _UNBOUNDED.search(pattern):
        raise ValueError(
            "Calls such as (?R), approximate matches such as {e<=1} and the flag (?x) are refused, because "
            "nothing bounds the memory that they need: write the pattern without them."
        )
    if _parts(pattern) > _PARTS:
        raise ValueError(
            "The pattern repeats what it repeats so often that it would grow too large: use smaller numbers "
            "in { } and fewer + within brackets."
        )
    until = time.process_time() + SECONDS  # by which the library counts as well
    try:
        compiled = regex.compile(pattern, regex.MULTILINE, cache_pattern=False)
    except Exception as error:  # odd patterns bring the library to raise more than its own kind
        reason, place = str(getattr(error, "msg", error))[:80], getattr(error, "pos", None)
        if place is not None:
            reason += f" at its character {place + 1}" if place < len(pattern) else " at its end"
        raise ValueError(
            f"“{shortened(pattern)}” is not a regular expression: {reason}. Correct it there, or put a "
            "backslash before signs that shall stand for themselves."
        ) from None

    def find(text: str) -> list[Span]:
        left = max(until - time.process_time(), 0.01)
        try:
            # with the lock of the interpreter released, so that nobody else waits
            return [found.span() for found in compiled.finditer(text, concurrent=True, timeout=left)]
        except (TimeoutError, MemoryError):
            raise ValueError(
                f"“{shortened(pattern)}” takes longer than {SECONDS:g} seconds, most likely because it "
                "repeats what is itself repeated, as (a+)+ does: make it simpler."
            ) from None

    return find


def _parts(pattern: str) -> int:
    """How many parts a compiled pattern has at most.

    What must come n times is compiled n times and once more for the rest. A repeat inside another one needs
    a bracket, so that no part is multiplied by more factors than there are brackets, and one.
    """
    factors = sorted(int(found[1] or 1) + 1 for found in _REPEATS.finditer(pattern))
    return len(pattern) * math.prod(factors[-pattern.count("(") - 1 :])


def shortened(pattern: str) -> str:
    """At most 40 characters of it."""
    return pattern if len(pattern) <= 40 else pattern[:39] + "…"
