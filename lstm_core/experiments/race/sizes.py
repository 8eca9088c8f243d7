"""Networks of other cells with as many parameters, so that a race is fair."""

from __future__ import annotations

from lstm_core.config import GATES, MOST_UNITS, MemoryConfig, TrainConfig
from lstm_core.tasks.memory import MemoryTask

EMBEDDING = 16  # numbers that stand for one token


def parameters(cell: str, hidden_size: int, inputs: int, outputs: int) -> int:
    """Trainable numbers in a cell of one layer (PyTorch has two biases a row) and in the linear head."""
    return len(GATES[cell]) * hidden_size * (inputs + hidden_size + 2) + (hidden_size + 1) * outputs


def equal_size(cell: str, hidden_size: int, task: MemoryConfig) -> int:
    """The hidden size with which `cell` comes closest to the parameters of an LSTM of `hidden_size`."""
    data = MemoryTask(task, TrainConfig())
    inputs, outputs = data.input_size or EMBEDDING, data.output_size
    wanted = parameters("lstm", hidden_size, inputs, outputs)
    return min(
        range(4, MOST_UNITS + 1),
        key=lambda units: abs(parameters(cell, units, inputs, outputs) - wanted),
    )
