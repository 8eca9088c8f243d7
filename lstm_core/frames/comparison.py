"""Comparison: how far what is shown is from what torch computes."""

from __future__ import annotations

from torch import Tensor

from lstm_core.analysis.unit_numbers import truth, truth_between
from lstm_core.nn.cell import Core
from lstm_core.nn.trace import AnyTrace

TRUTH_EVERY = 1.0  # seconds after which all that a frame shows is compared again


class Comparison:
    """Of one frame all is compared; of the frames after it only whether the gates give the states, unless
    that is off.
    """

    def __init__(self) -> None:
        self._latest: dict[str, float] | None = None  # of the latest frame that was compared in whole

    def forget(self) -> None:
        """Compare all of the next frame."""
        self._latest = None

    def of(self, core: Core, embedded: Tensor, signals: AnyTrace, step: int) -> dict[str, float]:
        """The largest `difference` found since all was compared, what is `allowed`, the training `step` of
        that frame, and `every`, the seconds from one such frame to the next. step: of the network.
        """
        if self._latest:
            difference = truth_between(core, signals)
            if difference <= self._latest["allowed"]:  # not a number is not
                return self._latest | {"difference": max(difference, self._latest["difference"])}
        self._latest = truth(core, embedded, signals) | {"step": step, "every": TRUTH_EVERY}
        return self._latest
