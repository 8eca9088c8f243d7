"""The curves of an ablation: validation losses of every variant, over its seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_core.experiments.ablation.variants import VARIANTS
from lstm_core.serialization.reader import Reader

POINTS = 160  # of a curve, at most
LOWEST, HIGHEST = 1e-12, 1e6  # losses on the axis


class Curves:
    """Validation losses over steps: of each variant the mean over its seeds, the lowest and the highest.

    In bounded memory: when there is no room left, every second point goes, and from then on only every
    second one comes.
    """

    def __init__(self, points: int = POINTS) -> None:
        self.points = points
        self.steps: list[int] = []
        self.tables: list[np.ndarray] = []  # (3, V)
        self._every, self._count = 1, 0

    def append(self, step: int, losses: np.ndarray, squared: bool) -> None:
        """losses: (V, S), NaN for networks that have diverged. squared: errors, whose mean is geometric."""
        self._count += 1
        if (self._count - 1) % self._every:
            return
        alive = np.ma.masked_invalid(losses)
        mean = np.exp(np.log(alive).mean(1)) if squared else alive.mean(1)
        self.steps.append(step)
        rows = [np.ma.filled(row, np.nan) for row in (mean, alive.min(1), alive.max(1))]
        self.tables.append(np.array(rows, np.float32))
        if len(self.steps) >= self.points:
            self.steps, self.tables = self.steps[::2], self.tables[::2]
            self._every *= 2

    def state(self) -> dict[str, Any]:
        """All of it, as a tree."""
        return {
            "steps": np.array(self.steps, np.int64),
            "tables": np.array(self.tables, np.float32).reshape(-1, 3, len(VARIANTS)),
            "every": self._every,
            "count": self._count,
        }

    def load(self, state: dict[str, Any], upto: int) -> None:
        """Become what `state` was, after `upto` steps. Raises ValueError for what cannot be that."""
        reader = Reader(state, "curves")
        steps = reader.array("steps", (None,), np.int64)
        tables = reader.array("tables", (len(steps), 3, len(VARIANTS)), np.float32)
        every, count = reader.count("every", low=1), reader.count("count", low=len(steps))
        reader.end()
        rising = bool((np.diff(steps) > 0).all())
        if len(steps) >= self.points or not rising or (len(steps) and not 0 <= steps[0] <= steps[-1] <= upto):
            raise ValueError("the steps of the curves do not rise to the step that training has come to.")
        self.steps, self.tables, self._every, self._count = steps.tolist(), list(tables), every, count

    def axis(self, squared: bool) -> tuple[float, float]:
        """Where an axis that suits the curves begins and ends: in nats; or, of squared errors, in powers of
        ten. What was before the last seven eighths of the steps, when losses fell from afar, may lie beyond.
        """
        late = [
            table for step, table in zip(self.steps, self.tables, strict=True) if 8 * step >= self.steps[-1]
        ]
        values = np.clip(np.array(late, np.float64), LOWEST, HIGHEST)
        values = np.log10(values) if squared else values
        if np.isnan(values).all():
            return 0.0, 1.0
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        room = max(0.02, 0.06 * (high - low))
        return low - room, high + room

    def arrays(self) -> dict[str, np.ndarray]:
        """`steps`, and for variant v `mean_v`, `low_v`, `high_v`; each (n,) float32."""
        arrays = {"steps": np.array(self.steps, np.float32)}
        table = np.array(self.tables, np.float32).reshape(-1, 3, len(VARIANTS))
        for number in range(len(VARIANTS)):
            for row, name in enumerate(("mean", "low", "high")):
                arrays[f"{name}_{number}"] = table[:, row, number]
        return arrays
