"""One side of a pair: a trainer that keeps time, and is validated on the same windows as the other side."""

from __future__ import annotations

import math
import time
from collections import deque
from statistics import median
from typing import Any

import numpy as np
import torch

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.nn.cell import Holds
from lstm_core.nn.model import SequenceModel
from lstm_core.serialization.reader import Reader
from lstm_core.training.trainer import Trainer

TIMED = 50  # steps, the last ones, whose median is the time of a step


class Side(Trainer):
    """A trainer that is validated on windows of `window` steps, however long those are that it trains on:
    whoever has read more of a text predicts it better.
    """

    def __init__(self, config: RunConfig, window: int) -> None:
        super().__init__(config)
        self.window = window
        self.stopped: int | None = None  # step that it could not take
        self.times: deque[float] = deque(maxlen=TIMED)  # milliseconds of the last steps

    def step(self) -> float:
        at, start = self.step_count + 1, time.thread_time()
        value = super().step()
        self.times.append(1000 * (time.thread_time() - start))
        if self.diverged:
            self.stopped = at
        return value

    @torch.no_grad()
    def validate(self, model: SequenceModel | None = None, holds: Holds | None = None) -> float:
        model = model or self.model
        batch = self.task.validation(self.window)
        predictions, _ = model(batch.inputs, holds=holds)
        return model.loss(predictions, batch.targets, batch.skip).item()

    def state(self) -> dict[str, Any]:
        own = {"stopped": self.stopped, "times": np.array(self.times, np.float64)}
        return super().state() | own

    def load(self, state: dict[str, Any]) -> None:
        reader = Reader(state, "side")
        times = reader.values("times", (None,))
        stopped = reader.maybe("stopped", reader.count, 1)
        super().load(reader.rest())
        self.times, self.stopped = deque(times[-TIMED:].tolist(), TIMED), stopped

    @property
    def milliseconds(self) -> float:
        """Of a training step."""
        return median(self.times) if self.times else math.nan

    @property
    def parameters_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters)


def row_name(model: ModelConfig, row: int) -> str:
    """What PyTorch calls a row, in the names of its weights: a layer, or a direction of a layer."""
    layer, direction = divmod(row, model.directions)
    return f"l{layer}{'_reverse' if direction else ''}"
