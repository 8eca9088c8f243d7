"""Small pairs for the tests of what differs in one setting."""

from dataclasses import replace

from lstm_core.config import (
    Knobs,
    ModelConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
)
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.frames.frame import Frame

TEXT = TextConfig("counting")
SERIES = SeriesConfig("sine")
MODEL = ModelConfig(hidden_size=8, embedding_size=4)
TRAIN = TrainConfig(sequence_length=12)
KNOBS = Knobs(batch_size=3)
# another value for each setting in which a pair may differ
OTHERS = {
    "model.cell": "gru",
    "model.hidden_size": 12,
    "model.num_layers": 2,
    "model.forget_bias": -2.0,
    "model.chrono": 20,
    "model.init": "uniform",
    "model.embedding_size": 6,
    "model.bidirectional": True,
    "train.sequence_length": 6,
    "train.seed": 1,
    "knobs.learning_rate": 0.1,
    "knobs.batch_size": 5,
    "knobs.clip": 0.1,
    "knobs.noise": 0.3,
    "knobs.reach": 4,
    "task": TextConfig("brackets"),
    "task.level": "words",
    "task.goal": "gaps",
    "task.period": 50.0,
    "task.amplitude": 3.0,
    "task.phase": 90.0,
    "task.noise": 0.5,
}


def small(differs="model.cell", value="gru", **parts):
    parts = {"task": TEXT, "model": MODEL, "train": TRAIN, "knobs": KNOBS} | parts
    return PairConfig(**parts, differs=differs, value=value)


def config_for(differs):
    """A pair that differs in this setting."""
    parts, value = {}, OTHERS[differs]
    if differs in ("task.period", "task.amplitude", "task.phase", "task.noise"):
        parts["task"] = SERIES
    if differs == "model.bidirectional":
        parts["task"] = replace(TEXT, goal="gaps")
    if differs == "task.level":
        parts["task"] = TextConfig("tales")
    return small(differs, value, **parts)


def frame_of(pair):
    pair.refresh("outputs")
    frame = pair.observe({"status": "training"})
    return frame, Frame.decode(frame.encode())
