"""History: values over training steps, in bounded memory."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np

from lstm_core.serialization.reader import Reader


class History:
    """Values over steps in bounded memory: when it is full, neighbours are averaged in pairs."""

    def __init__(self, capacity: int = 240) -> None:
        self.capacity = capacity
        self.points: list[tuple[int, float]] = []  # (last step of the bucket, mean over the bucket)
        self.bucket = 1  # values in a full bucket
        self._pending: list[tuple[int, float]] = []

    def append(self, step: int, value: float) -> None:
        """Add the value of `step`; steps come in rising order."""
        self._pending.append((step, value))
        if len(self._pending) < self.bucket:
            return
        full, self._pending = self._pending, []  # never in both places, since others may read
        self.points.append((step, sum(value for _, value in full) / self.bucket))
        if len(self.points) >= self.capacity:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [(second[0], (first[1] + second[1]) / 2) for first, second in pairs]
            self.bucket *= 2

    def cut(self, step: int) -> None:
        """Forget everything after `step`."""
        self.points = [point for point in self.points if point[0] <= step]
        self._pending = [value for value in self._pending if value[0] <= step]

    def upto(self, step: int) -> History:
        """A copy that ends at `step`. May be called by any thread while another one appends."""
        past = copy.copy(self)
        past.points, past._pending = list(self.points), []
        past.cut(step)
        return past

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps and values, each (n,) float32."""
        table = np.array(self.points, dtype=np.float32).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def state(self) -> dict[str, Any]:
        """All of it, as a tree: `points` and `pending` as (n, 2) float64."""
        return {"bucket": self.bucket, "points": _table(self.points), "pending": _table(self._pending)}

    def load(self, state: dict[str, Any], upto: int) -> None:
        """Become what `state` was. upto: the step that training has come to.

        Raises ValueError for what cannot be the state of a history that has come so far.
        """
        reader = Reader(state, "history")
        bucket = reader.count("bucket", low=1)
        points, pending = (_pairs(reader.values(name, (None, 2))) for name in ("points", "pending"))
        reader.end()
        steps = [step for step, _ in [*points, *pending]]
        rising = all(one < other for one, other in pairwise(steps))
        if not rising or (steps and not 0 <= steps[0] <= steps[-1] <= upto):
            raise ValueError("the steps of a history do not rise to the step that training has come to.")
        if len(points) >= self.capacity or len(pending) >= bucket:
            raise ValueError("a history holds more values than it has room for.")
        self.bucket, self.points, self._pending = bucket, points, pending


def _table(points: list[tuple[int, float]]) -> np.ndarray:
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _pairs(table: np.ndarray) -> list[tuple[int, float]]:
    if not np.isfinite(table[:, 0]).all() or (table[:, 0] != np.trunc(table[:, 0])).any():
        raise ValueError("a history has steps that are no whole numbers.")
    return [(int(step), value) for step, value in table.tolist()]
