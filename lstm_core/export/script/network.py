"""The script of a single network, and the file of data that it reads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from lstm_core.config import ModelConfig, RunConfig, SeriesConfig, TextConfig
from lstm_core.export.script.template import fill
from lstm_core.tasks.corpora import CORPUS_NAMES
from lstm_core.tasks.series import SERIES_NAMES, SERIES_SETTINGS, STOCK_NAMES, SeriesTask
from lstm_core.tasks.text import TextTask

CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
GATES = {"lstm": "i, f, g, o", "gru": "r, z, n", "rnn": "h"}
MOST_LINES = 60  # of a script, beside blank ones
WAVES = tuple(kind for kind, settings in SERIES_SETTINGS.items() if "period" in settings)


def network_script(config: RunConfig) -> str:
    """The script of one network that learns a text or a series."""
    model, knobs, train = config.model, config.knobs, config.train
    values = vars(model) | vars(knobs) | vars(train) | {"length": train.sequence_length}
    flags = {model.cell, model.init} | reach_flags(knobs.reach, train.sequence_length)
    if model.bidirectional:
        flags.add("both")
    if knobs.noise > 0:
        flags.add("noise")
    if model.chrono and model.cell != "rnn":
        flags.add("chrono")
        values["span"] = max(1, model.chrono - 1)
    elif model.cell == "lstm" and (model.forget_bias or model.init == "uniform"):
        flags |= {"forget"} if model.forget_bias else {"forget", "zero"}
    values |= {
        "cell": CELLS[model.cell],
        "gates": len(GATES[model.cell].split()),
        "gate_names": GATES[model.cell],
        "width": "2 * H" if model.bidirectional else "H",
    }
    assert isinstance(config.task, TextConfig | SeriesConfig)
    add = _text if isinstance(config.task, TextConfig) else _series
    add(config, flags, values)
    whole = fill("network.txt", flags | {"sample", "forecast"}, values)
    return whole if _lines(whole) <= MOST_LINES else fill("network.txt", flags, values)


def reach_flags(reach: int | None, length: int) -> set[str]:
    """Flags for truncated back-propagation through sequences of `length` steps."""
    if reach is None or reach >= length:
        return set()
    return {"reach", "even"} if length % reach == 0 else {"reach"}


def _lines(text: str) -> int:
    """Lines that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())


def network_data(config: RunConfig) -> tuple[str, bytes] | None:
    """Name and content of the file that the script reads; None if it reads none."""
    if isinstance(config.task, SeriesConfig):
        if config.task.kind in WAVES:
            return None
        numbers = SeriesTask(config.task, config.train).values.tolist()
        return "series.csv", "\n".join(["value", *map(repr, numbers), ""]).encode()
    assert isinstance(config.task, TextConfig)
    tokens = _tokens(TextTask(config.task, config.train))
    if _are_letters(tokens, config.task.level):
        return "text.txt", "".join(tokens).encode()
    return "tokens.json", json.dumps(tokens, ensure_ascii=False, indent=0).encode()


def _tokens(task: TextTask) -> list[str]:
    """Every token of the text in order; ▢ for those that the vocabulary leaves out."""
    numbers = np.concatenate([task.train_tokens, task.valid_tokens]).tolist()
    return [task.vocabulary[number] for number in numbers]


def _are_letters(tokens: list[str], level: str) -> bool:
    """Whether the text alone tells its tokens: each is one code point."""
    return level == "characters" and all(len(token) == 1 for token in tokens)


def _text(config: RunConfig, flags: set[str], values: dict[str, Any]) -> None:
    """What a text needs."""
    assert isinstance(config.task, TextConfig)
    data = TextTask(config.task, config.train)
    gaps, words = config.task.goal == "gaps", config.task.level == "words"
    letters = _are_letters(_tokens(data), config.task.level)
    flags |= {"text", "gaps" if gaps else "next", "letters" if letters else "json"}
    if data.unknown is not None:
        flags.add("unknown")
    does = "fills gaps in" if gaps else "continues"
    token = "by words" if words else "by characters"
    values |= {
        "about": f"{_named(config.model)} {does} {CORPUS_NAMES[config.task.corpus]} {token}",
        "beside": f"It reads {'text.txt' if letters else 'tokens.json'}, and prints",
        "outputs": "V",
        "temperature": config.view.temperature,
        "space": " " if words else "",
    }


def _series(config: RunConfig, flags: set[str], values: dict[str, Any]) -> None:
    """What a series needs."""
    task = config.task
    assert isinstance(task, SeriesConfig)
    wave = task.kind in WAVES
    flags |= {"series", "wave" if wave else "file", task.kind.replace(" ", "_")}
    if task.amplitude != 1:
        flags.add("amplitude")
    if task.noise > 0:
        flags.add("data_noise")
    name = f"{STOCK_NAMES[task.stock]}'s stock price" if task.kind == "stocks" else SERIES_NAMES[task.kind]
    values |= {
        "about": f"{_named(config.model)} continues a series: {name}",
        "beside": "It prints" if wave else "It reads series.csv, and prints",
        "outputs": "1",
        "period": task.period,
        "phase": f" + {task.phase} / 360" if task.phase else "",
        "strike": max(8, round(min(6 * task.period, 400))),
        "sweep": min(10 * task.period, 400),
        "amplitude": task.amplitude,
        "swing": f"{task.noise} * {task.amplitude}" if task.amplitude != 1 else task.noise,
    }


def _named(model: ModelConfig) -> str:
    """The network in a few words."""
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    both = ", both directions" if model.bidirectional else ""
    return f"{CELLS[model.cell]} ({layers}, {model.hidden_size} units{both})"
