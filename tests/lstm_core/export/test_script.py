"""The scripts to take home: the same losses as the Trainer's, bit for bit, and short enough to be read."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import (
    MEMORY_TASKS,
    SERIES,
    STOCKS,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
)
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.experiments.race.race import Race
from lstm_core.export.script import data_file, script
from lstm_core.tasks.generators import generate
from lstm_core.training.trainer import Trainer

ROOT = Path(__file__).parents[3]
STEPS = 20
# accents that Unicode composes, marks that it does not, emoji of several code points, a sign that stands for
# what is rare, line ends of all kinds
ODD = 'e\u0301 q\u0323\u0307 👩\u200d👩\u200d👧 🇫🇷🇩🇪 ▢ नमस्ते\r\n"x",\r\u2028\u0085\ufeff=1+1 \ud800 ' * 40
MANY = "".join(chr(0x4E00 + k % 1200) for k in range(3000))  # more symbols than a vocabulary keeps
SMALL = ModelConfig(hidden_size=12)
SHORT = TrainConfig(sequence_length=16, seed=3)
FAST = Knobs(batch_size=4)


def text(model=SMALL, knobs=FAST, train=SHORT, **task):
    return RunConfig(TextConfig(**({"corpus": "rhymes"} | task)), model, train, knobs)


def series(model=SMALL, knobs=FAST, train=SHORT, **task):
    return RunConfig(SeriesConfig(**task), model, train, knobs)


SINGLE = {
    "default": RunConfig(),
    "gru": text(replace(SMALL, cell="gru")),
    "rnn": text(replace(SMALL, cell="rnn", num_layers=2)),
    "uniform": text(replace(SMALL, init="uniform", num_layers=3, forget_bias=0.0)),
    "uniform gru chrono": text(replace(SMALL, cell="gru", init="uniform", chrono=30)),
    "uniform lstm chrono": text(replace(SMALL, init="uniform", chrono=30)),
    "orthogonal chrono": text(replace(SMALL, chrono=40, num_layers=2)),
    "gru chrono 1": text(replace(SMALL, cell="gru", chrono=1)),
    "no forget bias": text(replace(SMALL, forget_bias=0.0)),
    "uniform rnn": series(replace(SMALL, cell="rnn", init="uniform", chrono=9)),
    "noise": text(knobs=replace(FAST, noise=0.3)),
    "clip": text(knobs=replace(FAST, clip=0.01, learning_rate=0.3)),
    "reach even": text(knobs=replace(FAST, reach=4)),
    "reach odd": text(replace(SMALL, cell="gru"), knobs=replace(FAST, reach=5)),
    "reach 1": series(knobs=replace(FAST, reach=1)),
    "reach all": series(knobs=replace(FAST, reach=16)),
    "words": text(level="words", corpus="tales"),
    "gaps": text(goal="gaps", corpus="log"),
    "gaps words both ways": text(
        replace(SMALL, bidirectional=True, num_layers=2, init="uniform"),
        replace(FAST, noise=0.2),
        goal="gaps",
        level="words",
        corpus="python",
    ),
    "gaps with everything": text(
        replace(SMALL, chrono=9), replace(FAST, noise=0.2, reach=7), goal="gaps", corpus="own", text=ODD
    ),
    "both ways gru chrono": text(
        replace(SMALL, cell="gru", bidirectional=True, chrono=12), corpus="brackets", goal="gaps"
    ),
    "odd characters": text(corpus="own", text=ODD),
    "odd words": text(corpus="own", text=ODD, level="words", knobs=replace(FAST, noise=0.1)),
    "rare characters": text(corpus="own", text=MANY),
    "rare words and ▢": text(corpus="own", text=MANY * 2 + "▢ x ▢ y " * 9, level="words"),
    "cyrillic": text(corpus="own", text="Съешь же ещё этих мягких булок. " * 30),
    "batch of 1": series(knobs=Knobs(batch_size=1, noise=0.5), train=TrainConfig(sequence_length=4, seed=1)),
    "own series": series(kind="own", column="=x\ny", values=tuple((k * 7919 % 101) / 3e5 for k in range(99))),
    **{
        f"plain {kind}": series(kind=kind, **({"stock": STOCKS[3]} if kind == "stocks" else {}))
        for kind in SERIES
        if kind != "own"
    },
    **{
        kind: series(kind=kind, period=17.3, phase=123.0, amplitude=2.5, noise=0.2)
        for kind in SERIES
        if kind not in ("own", "stocks", "sunspots")
    },
    "chirp of period 4": series(kind="chirp", period=4.0, noise=0.1),
    "damped of period 200": series(kind="damped", period=200.0),
}
RACES = {
    f"{kind} {init}{' chrono' if chrono else ''}{f' reach {reach}' if reach else ''}": RaceConfig(
        MemoryConfig(kind),
        hidden_size=6,
        init=init,
        chrono=chrono,
        train=SHORT,
        knobs=Knobs(batch_size=4, lag=9, reach=reach),
    )
    for kind in MEMORY_TASKS
    for init, chrono, reach in (
        ("uniform", False, None),
        ("orthogonal", True, 4),
        ("uniform", True, 5),
        ("orthogonal", False, 5),
    )
} | {
    "lstms": RaceConfig(rnn=False, gru=False, knobs=Knobs(lag=7, reach=3), train=SHORT),
    "rnn alone": RaceConfig(gru=False, lstm=False, lstm0=False, knobs=Knobs(lag=7, reach=3)),
    "gru chrono": RaceConfig(rnn=False, lstm=False, lstm0=False, chrono=True, knobs=Knobs(lag=5)),
}
# runs the script of every folder that it is told, as if it were alone
RUN_ALL = """
import os, runpy, sys
for folder in sys.stdin:
    os.chdir(folder.strip())
    runpy.run_path("script.py", run_name="__main__")
    print("end", flush=True)
"""


def write(folder, config):
    """The script, cut short, and its data."""
    folder.mkdir()
    short = script(config).replace(", 1000\n", f", {STEPS}\n", 1)
    assert f", {STEPS}\n" in short
    (folder / "script.py").write_text(short, encoding="utf-8")
    file = data_file(config)
    if file:
        (folder / file[0]).write_bytes(file[1])


def environment():
    """Of a Python that finds nothing of this project."""
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return others | {"PYTHONIOENCODING": "utf-8:replace"}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """printed(config) → the losses that its script prints, as it prints them, step by step."""
    root = tmp_path_factory.mktemp("scripts")
    numbers = itertools.count()
    # the same process for all: importing PyTorch takes seconds
    runner = subprocess.Popen(
        [sys.executable, "-c", RUN_ALL],
        cwd=root,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert runner.stdin
    assert runner.stdout

    def printed(config):
        folder = root / str(next(numbers))
        write(folder, config)
        runner.stdin.write(f"{folder}\n")
        runner.stdin.flush()
        lines = [
            line.split() for line in iter(runner.stdout.readline, "end\n") if line or pytest.fail(str(folder))
        ]
        losses = []
        for words in lines:
            if words and words[0] == str(len(losses) + 1) and len(losses) < STEPS:
                losses.append(words[1:])
        return losses

    yield printed
    runner.stdin.close()
    assert runner.wait(60) == 0


@pytest.mark.parametrize("name", SINGLE)
def test_a_script_has_the_losses_of_the_trainer(name, printed):
    trainer = Trainer(SINGLE[name])
    assert printed(SINGLE[name]) == [[repr(trainer.step())] for _ in range(STEPS)]


@pytest.mark.parametrize("name", RACES)
def test_the_script_of_a_race_has_the_losses_of_every_lane(name, printed):
    race, expected = Race(RACES[name]), []
    for _ in range(STEPS):
        race.step()
        expected.append([repr(lane.trainer.loss) for lane in race.lanes.values()])
    assert printed(RACES[name]) == expected


def test_a_script_runs_alone_as_it_is_downloaded(tmp_path):
    config = text(knobs=Knobs(batch_size=1))
    (tmp_path / "home.py").write_text(script(config), encoding="utf-8")
    name, content = data_file(config)
    (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "home.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=300,
    )
    lines = done.stdout.decode().splitlines()
    trainer = Trainer(config)
    assert lines[:5] == [f"{step} {trainer.step()!r}" for step in range(1, 6)]
    assert lines[999].startswith("1000 ")
    assert len("\n".join(lines[1000:])) >= 200, "what it writes at the end"


def test_a_script_is_short_plain_and_clean(tmp_path):
    configs = [*SINGLE.values(), *RACES.values()]
    for number, config in enumerate(configs):
        code = script(config)
        assert sum(bool(line.strip()) for line in code.splitlines()) <= 60
        assert max(map(len, code.splitlines())) <= 110
        assert "lstm_core" not in code
        assert "$" not in code
        assert "#?" not in code
        (tmp_path / f"s{number}.py").write_text(code, encoding="utf-8")
    for command in (["check", "--quiet"], ["format", "--check", "--quiet"]):
        rules = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *rules, str(tmp_path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


choices = st.sampled_from
MODELS = st.builds(
    ModelConfig,
    cell=choices(["lstm", "gru", "rnn"]),
    num_layers=choices([1, 3]),
    init=choices(["orthogonal", "uniform"]),
    forget_bias=choices([0.0, 1.0, -2.5]),
    chrono=choices([0, 1, 50]),
)
KNOBS = st.builds(Knobs, noise=choices([0.0, 0.25]), reach=choices([None, 4, 7, 64]))
TASKS = st.builds(
    TextConfig,
    corpus=choices(["rhymes", "own"]),
    level=choices(["characters", "words"]),
    text=choices([ODD, MANY]),
    goal=choices(["next", "gaps"]),
) | st.builds(
    SeriesConfig, kind=choices([kind for kind in SERIES if kind != "own"]), noise=choices([0.0, 0.1])
)


@given(TASKS, MODELS, KNOBS)
def test_whatever_is_set_the_script_stays_short_and_compiles(task, model, knobs):
    code = script(RunConfig(task, model, SHORT, knobs))
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 60
    compile(code, "script.py", "exec")


def test_what_a_setting_does_not_need_is_left_out():
    default = script(RunConfig())
    for word in (
        "json",
        "NOISE",
        "REACH",
        "detach",
        "chrono",
        "scaled",
        "series",
        "-100",
        "GRU",
        "uniform_(",
    ):
        assert word not in default.replace("xavier_uniform_", "")
    gru = script(text(replace(SMALL, cell="gru")))
    assert "LSTM" not in gru
    assert "2 * H" not in gru
    assert "torch.no_grad" not in script(text(goal="gaps"))
    lanes = script(RaceConfig(gru=False, lstm=False, lstm0=False))
    assert "LSTM" not in lanes
    assert "GRU" not in lanes


def test_the_data_file_holds_the_text_or_the_numbers_exactly():
    assert data_file(series()) is None
    assert data_file(RaceConfig()) is None
    assert data_file(text())[0] == "text.txt"
    assert data_file(text(corpus="own", text=ODD))[0] == "tokens.json"
    config = series(kind="mackey-glass", noise=0.1)
    name, content = data_file(config)
    lines = content.decode("ascii").splitlines()
    assert (name, lines[0]) == ("series.csv", "value")
    assert [float(line) for line in lines[1:]] == generate(config.task, SHORT.seed).tolist()
