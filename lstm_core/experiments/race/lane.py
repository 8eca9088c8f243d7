"""Lane: one network of a race, and how it does."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch

from lstm_core.config import RunConfig
from lstm_core.experiments.race.gradient_flow import Flow, read_flow
from lstm_core.experiments.race.verdict import LEARNT
from lstm_core.nn.model import SequenceModel
from lstm_core.serialization.reader import Reader
from lstm_core.tasks.batch import Batch
from lstm_core.tasks.memory import MemoryTask
from lstm_core.training.history import History
from lstm_core.training.trainer import Trainer

# what a saved lane holds as it is
PLAIN = (
    "seconds",
    "milliseconds",
    "accuracy",
    "reached",
    "reached_seconds",
    "lost",
    "start",
    "stopped",
    "fell",
)
VISIBLE = 1e-37  # float32 holds no smaller ones exactly


@torch.no_grad()
def score(task: MemoryTask, model: SequenceModel, batch: Batch) -> float:
    """Share, from 0 to 1, of the sequences of a batch that `model` answers right."""
    return task.right(model(batch.inputs)[0], batch).mean().item()


class Lane:
    """One network, on its own clock."""

    def __init__(self, name: str, config: RunConfig) -> None:
        self.name = name
        self.cell = config.model.cell
        self.trainer = Trainer(config)
        self.accuracies, self.clocks = History(), History()  # over steps; seconds of its own at these steps
        self.seconds = 0.0  # that its training steps have taken, of this thread's time
        self.milliseconds = math.nan  # of a step, over the last ones
        self.accuracy = math.nan
        self.reached: int | None = None  # step since which it has been right in 95 % at this lag …
        self.reached_seconds: float | None = None  # … and its own seconds then
        self.lost: int | None = None  # step at which it was no longer
        self.start = math.nan  # accuracy with which training at this lag and this truncation began
        self.stopped: str | None = None  # why it stands still
        self.lags: list[int] = []  # at which `by_lag` was measured
        self.by_lag: list[float] = []
        self.flow: Flow | None = None
        self.fell = math.nan  # see Result
        self._counted = (0, 0.0)  # steps and seconds when `milliseconds` was measured last

    def step(self) -> None:
        """One training step, on this lane's own clock."""
        start = time.thread_time()
        self.trainer.step()
        self.seconds += time.thread_time() - start

    def examine(self, step: int, accuracy: float) -> None:
        """Note how many answers were right after so many steps."""
        self.accuracy = accuracy
        self.accuracies.append(step, accuracy)
        self.clocks.append(step, self.seconds)
        if math.isnan(self.start):
            self.start = accuracy
        if accuracy < LEARNT and self.reached is not None:
            self.reached, self.reached_seconds, self.lost = None, None, step
        elif accuracy >= LEARNT and self.reached is None:
            self.reached, self.reached_seconds, self.lost = step, self.seconds, None
        steps, seconds = self._counted
        if step > steps:
            self.milliseconds = 1000 * (self.seconds - seconds) / (step - steps)
            self._counted = step, self.seconds

    def begin(self) -> None:
        """Another lag is trained from now on: nobody has learnt that one yet."""
        self.reached, self.reached_seconds, self.lost = None, None, None
        self.start = self.fell = math.nan

    def state(self) -> dict[str, Any]:
        """All of it, as a tree; see `Subject.state`."""
        return {
            "training": self.trainer.state(),
            "accuracies": self.accuracies.state(),
            "clocks": self.clocks.state(),
            "lags": np.array(self.lags, np.int64),
            "by_lag": np.array(self.by_lag, np.float64),
            "flow": self.flow and self.flow._asdict(),
            "counted": self._counted[0],
            "counted_seconds": self._counted[1],
            **{name: getattr(self, name) for name in PLAIN},
        }

    def load(self, state: dict[str, Any], step: int) -> None:
        """Become what `state` was, after `step` steps of the race. Raises ValueError; see `Subject.load`."""
        reader = Reader(state, "lane")
        reader.default("lost", None)
        reader.default("start", math.nan)
        self.trainer.load(reader.take("training"))
        if self.trainer.step_count > step:
            raise ValueError("a network has taken more steps than its race.")
        self.accuracies.load(reader.take("accuracies"), step)
        self.clocks.load(reader.take("clocks"), step)
        self.lags = reader.array("lags", (None,), np.int64).tolist()
        self.by_lag = reader.values("by_lag", (len(self.lags),)).tolist()
        self.flow = reader.maybe("flow", lambda name: read_flow(reader.take(name)))
        self._counted = reader.count("counted", 0, step), reader.positive("counted_seconds")
        self.seconds, self.milliseconds = reader.positive("seconds"), reader.positive("milliseconds")
        self.accuracy, self.fell = reader.number("accuracy", 0.0, 1.0), reader.number("fell")
        self.start = reader.number("start", 0.0, 1.0)
        self.reached = reader.maybe("reached", reader.count, 0, step)
        self.reached_seconds = reader.maybe("reached_seconds", reader.positive)
        self.lost = reader.maybe("lost", reader.count, 0, step)
        self.stopped = reader.maybe("stopped", reader.text)
        reader.end()

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """All lines of this lane, named after it, float32."""
        steps, accuracies = self.accuracies.arrays()
        found = {"step": steps, "accuracy": accuracies, "seconds": self.clocks.arrays()[1]}
        found |= {"lags": np.array(self.lags), "by_lag": np.array(self.by_lag)}
        for name, line in (self.flow._asdict() if self.flow else {}).items():
            if line is not None:
                found[name] = np.where(line > VISIBLE, line, np.nan)  # 0 has no place on a log axis
        return {f"{key}_{name}": line.astype(np.float32) for name, line in found.items()}

    def facts(self, key: str) -> dict[str, Any]:
        """What the table says of this lane."""
        return {
            "key": key,
            "name": self.name,
            "cell": self.cell,
            "hidden_size": self.trainer.config.model.hidden_size,
            "parameters": sum(weight.numel() for weight in self.trainer.parameters),
            "milliseconds": self.milliseconds,
            "seconds": self.seconds,
            "accuracy": self.accuracy,
            "loss": self.trainer.loss,
            "reached": self.reached,
            "reached_seconds": self.reached_seconds,
            "lost": self.lost,
            "fallen": fallen(self.flow),
            "stopped": self.stopped or "",
        }


def fallen(found: Flow | None) -> float:
    """By how many powers of ten the gradient falls from the last step to the first; of an LSTM, that of c.

    Infinite if none arrives; not a number if there is none to begin with.
    """
    if found is None:
        return math.nan
    lengths = found.h if found.c is None else found.c
    first, last = float(lengths[0]), float(lengths[-1])
    if not 0 < last < math.inf:
        return math.nan
    return math.log10(last / first) if first > 0 else math.inf
