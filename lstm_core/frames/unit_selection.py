"""Which units the heatmaps show, and how far the colours of c reach. Both are sticky: rows and colours that
change with every frame cannot be followed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from lstm_core.analysis.unit_numbers import cell_numbers, step_before
from lstm_core.frames.view_state import Scene
from lstm_core.nn.cell import Core
from lstm_core.nn.trace import AnyTrace
from lstm_core.serialization.reader import Reader

UNITS_SHOWN = 32  # when only the most active ones are asked for
C_LIMITS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 200.0)


class Rows:
    """Rows of one viewer's heatmaps, chosen by how much the memory (T, H) of the units varies over the probe:
    their c or, of a cell that has none, their h.
    """

    def __init__(self) -> None:
        self._active = np.empty(0, dtype=np.int64)  # units, ascending
        self._unit: int | None = None
        self._limit = C_LIMITS[0]

    def state(self) -> dict[str, Any]:
        """What is sticky, as a tree."""
        return {"active": self._active.copy(), "unit": self._unit, "limit": self._limit}

    def load(self, state: dict[str, Any], hidden: int) -> None:
        """Become what `state` was. Raises ValueError for what cannot be that for so many hidden units."""
        reader = Reader(state, "rows")
        active = reader.array("active", (None,), np.int64)
        unit, limit = reader.maybe("unit", reader.count, 0, hidden - 1), reader.number("limit")
        reader.end()
        rising = bool((np.diff(active) > 0).all())
        inside = not len(active) or (active[0] >= 0 and active[-1] < hidden)
        if len(active) not in (0, UNITS_SHOWN) or not rising or not inside or limit not in C_LIMITS:
            raise ValueError("the rows of the heatmaps are none that this network has.")
        self._active, self._unit, self._limit = active, unit, limit

    def unit(self, memory: np.ndarray, chosen: int | None, fresh: bool) -> int:
        """The chosen unit, brought inside; while nobody has chosen, an active one, which then stays.

        fresh: the network is untrained, so that nothing has to stay.
        """
        hidden = memory.shape[1]
        if chosen is not None:
            self._unit = min(chosen, hidden - 1)
        elif self._unit is None or fresh:
            self._unit = int(_activity(memory).argmax())
        return self._unit

    def units(self, memory: np.ndarray, chosen: int, fresh: bool, still: bool) -> np.ndarray:
        """The most active units, ascending, and `chosen` among them; all if there are few.

        still: nobody may take another's place, because the network has not learnt since the last frame.
        """
        hidden = memory.shape[1]
        if hidden <= UNITS_SHOWN:
            return np.arange(hidden)
        activity = _activity(memory)
        if not len(self._active) or fresh:
            self._active = np.sort(np.argsort(-activity)[:UNITS_SHOWN])
        others = self._active[self._active != chosen]
        weakest = int(others[activity[others].argmin()])
        outside = activity.copy()
        outside[self._active] = -np.inf
        strongest = int(outside.argmax())
        if chosen not in self._active:  # and stays: with every frame another one may be the weakest
            self._active = self._replaced(weakest, chosen)
        elif not still and activity[strongest] > 2 * activity[weakest]:
            self._active = self._replaced(weakest, strongest)
        return self._active

    def _replaced(self, leaves: int, comes: int) -> np.ndarray:
        return np.sort(np.where(self._active == leaves, comes, self._active))

    def c_limit(self, c: np.ndarray, alone: bool) -> float:
        """End of the colour scale of c: a round number. A few strong units may go beyond it.

        alone: from this c only, so that one moment of the past looks the same from wherever one comes.
        """
        place = int(0.9 * c.size)
        reach = float(np.partition(np.abs(c), place, axis=None)[place])
        limit = next((limit for limit in C_LIMITS if reach <= limit), C_LIMITS[-1])
        if alone:
            return limit
        if not self._limit / 2 < reach <= self._limit:
            self._limit = limit
        return self._limit


def _activity(memory: np.ndarray) -> np.ndarray:
    """How much each unit varies, (H,): its standard deviation times √T, faster than by numpy's own."""
    apart = memory - memory.mean(axis=0)
    return np.sqrt(np.einsum("th,th->h", apart, apart))


def chosen_numbers(
    scene: Scene, core: Core, embedded: Tensor, signals: AnyTrace, unit: int, time: int
) -> dict[str, Any]:
    """The chosen unit at the chosen step of the probe: which it is, and all its numbers."""
    labels, row, inputs = scene.probe.labels, scene.row, scene.probe.inputs
    before = step_before(core, row, time, len(labels))
    return {
        "unit": unit,
        "time": time,
        "layer": row,
        "token": labels[time],
        "before": "" if before is None else labels[before],
        "x_value": inputs[time].item() if inputs.is_floating_point() else None,
        **cell_numbers(core, embedded, signals, row, unit, time),
    }
