"""What the two sides of a pair may differ in: settings, the questions they ask, values in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lstm_core.config import ModelConfig, SeriesConfig, TextConfig
from lstm_core.tasks.corpora import CORPUS_NAMES
from lstm_core.tasks.series import SERIES_NAMES, SERIES_SETTINGS, STOCK_NAMES


class Difference(NamedTuple):
    """label: of the setting. question: that pairs answer which differ in it. words: what to call a side."""

    label: str
    question: str
    words: Callable[[Any], str]


def number(value: float) -> str:
    """As short as it can be told, with a true minus."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}".replace("-", "−")


def _data(task: Any) -> str:
    if isinstance(task, TextConfig):
        return CORPUS_NAMES[task.corpus]
    return STOCK_NAMES[task.stock] if task.kind == "stocks" else SERIES_NAMES[task.kind]


CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
DIFFERENCES = {
    "model.cell": Difference("Cell", "Which cell learns this better?", CELLS.__getitem__),
    "model.hidden_size": Difference(
        "Hidden units", "What are more hidden units worth?", lambda value: f"{value} units"
    ),
    "model.num_layers": Difference(
        "Layers",
        "What are more layers worth?",
        lambda value: f"{value} layer" if value == 1 else f"{value} layers",
    ),
    "model.forget_bias": Difference(
        "Forget bias",
        "Does it help to begin with an open forget gate?",
        lambda value: f"forget bias {number(value)}",
    ),
    "model.chrono": Difference(
        "Chrono",
        "Does it help to begin with memories of many lengths?",
        lambda value: f"chrono {value}" if value else "no chrono",
    ),
    "model.init": Difference(
        "Initial recurrent weights",
        "Does it matter how the recurrent weights begin?",
        {"orthogonal": "orthogonal", "uniform": "uniform"}.__getitem__,
    ),
    "model.embedding_size": Difference(
        "Embedding",
        "How many numbers should stand for a token?",
        lambda value: f"{value} a token" if value > 1 else "1 number a token",
    ),
    "model.bidirectional": Difference(
        "Directions",
        "What is it worth to read from both sides?",
        {False: "one direction", True: "both directions"}.__getitem__,
    ),
    "train.sequence_length": Difference(
        "Sequence length", "How far back does the gradient have to travel?", lambda value: f"{value} steps"
    ),
    "train.seed": Difference("Seed", "How much is chance?", lambda value: f"seed {value}"),
    "knobs.learning_rate": Difference(
        "Learning rate", "How large should a step be?", lambda value: f"rate {number(value)}"
    ),
    "knobs.batch_size": Difference(
        "Batch size", "Are large batches better ones?", lambda value: f"batches of {value}"
    ),
    "knobs.clip": Difference(
        "Gradient clip", "Does it help to shorten gradients?", lambda value: f"clip {number(value)}"
    ),
    "knobs.noise": Difference(
        "Noise", "Does noise while training help or harm?", lambda value: f"noise {number(value)}"
    ),
    "knobs.reach": Difference(
        "Truncation",
        "How far back does the gradient have to travel?",
        lambda value: "all the way back" if value is None else f"{value} back",
    ),
    "task": Difference("Data", "How does the same network fare with other data?", _data),
    "task.level": Difference(
        "Tokens",
        "Is it easier to learn words or characters?",
        {"characters": "characters", "words": "words"}.__getitem__,
    ),
    "task.goal": Difference(
        "Goal",
        "Is it easier to go on or to fill gaps?",
        {"next": "go on", "gaps": "fill gaps"}.__getitem__,
    ),
    "task.period": Difference(
        "Period", "Are slow swings harder than fast ones?", lambda value: f"period {number(value)}"
    ),
    "task.amplitude": Difference(
        "Amplitude", "Does the size of the swing matter?", lambda value: f"amplitude {number(value)}"
    ),
    "task.phase": Difference(
        "Phase", "Does it matter where in its swing a series begins?", lambda value: f"phase {number(value)}°"
    ),
    "task.noise": Difference(
        "Noise in the data", "How much noise can it see through?", lambda value: f"noise {number(value)}"
    ),
}


def differences_for(task: TextConfig | SeriesConfig, model: ModelConfig) -> list[str]:
    """The names of all settings that make a difference to such a network."""
    useless = {
        "model.forget_bias": model.cell != "lstm" or model.chrono > 0,
        "model.chrono": model.cell == "rnn",
        "knobs.reach": model.bidirectional,
    }
    if isinstance(task, SeriesConfig):
        useless |= dict.fromkeys(("model.embedding_size", "model.bidirectional"), True)
        # a wave is the same one, whatever its size: the network reads it where it has variance 1
        data = {f"task.{name}" for name in SERIES_SETTINGS[task.kind]} - {"task.amplitude"} | {"task"}
    else:
        useless["model.bidirectional"] = task.goal != "gaps"
        useless["task.goal"] = model.bidirectional  # which can do nothing but fill gaps
        data = {"task", "task.level", "task.goal"}
    return [
        name
        for name in DIFFERENCES
        if not useless.get(name) and (name in data or not name.startswith("task"))
    ]
