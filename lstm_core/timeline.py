"""Timeline: how a network was, at steps spread evenly over the logarithm of training time.

Weights are kept exactly. Of the optimiser only what a later start needs is kept, in the little room that
Adafactor takes (Shazeer & Stern 2018): the means of Adam's second moments over rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

CAPACITY = 60  # snapshots
BYTES = 24e6  # of all of them together; of a network so large that this is few, FEWEST are kept
FEWEST = 6
RATIO = 1.06  # of the steps of two snapshots, before some are left out again
EARLY = 10  # steps that count as one unit of logarithmic time: 0 … 10 are not worth ten snapshots later on


@dataclass(frozen=True)
class Snapshot:
    """A network at one step. Nothing in it ever changes, so that runs and threads may share it.

    weights: the model's state dict. moments: for each parameter the row means and column means of Adam's
    second moment (of a vector, itself and None). rng: state of the training stream.
    """

    step: int
    weights: dict[str, Tensor]
    moments: list[tuple[Tensor, Tensor | None]]
    rng: Mapping[str, Any]
    loss: float
    valid_loss: float
    learning_rate: float

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        tensors = [*self.weights.values(), *(part for pair in self.moments for part in pair)]
        return sum(tensor.nbytes for tensor in tensors if tensor is not None)


class Timeline:
    """Snapshots in the order of their steps. `snapshots` is replaced, never changed; any thread may read."""

    def __init__(self) -> None:
        self.snapshots: tuple[Snapshot, ...] = ()
        self.keep: int | None = None  # step of the one that somebody looks at

    @property
    def steps(self) -> list[int]:
        """Steps of the snapshots, ascending."""
        return [snapshot.step for snapshot in self.snapshots]

    def due(self, step: int) -> bool:
        """Whether a network that is at `step` should leave a snapshot."""
        return not self.snapshots or step >= max(self.snapshots[-1].step * RATIO, self.snapshots[-1].step + 1)

    def add(self, snapshot: Snapshot) -> None:
        """Add the newest snapshot. When there are too many, one is left out whose neighbours are closest."""
        kept = [*self.snapshots, snapshot]
        capacity = max(FEWEST, min(CAPACITY, int(BYTES / max(1, snapshot.bytes))))
        while len(kept) > capacity:
            times = [math.log(one.step + EARLY) for one in kept]
            # the first and the last stay
            places = [place for place in range(1, len(kept) - 1) if kept[place].step != self.keep]
            del kept[min(places, key=lambda place: times[place + 1] - times[place - 1])]
        self.snapshots = tuple(kept)

    def at(self, step: int) -> Snapshot:
        """The newest snapshot up to `step`; the first one if there is none. Raises IndexError when empty."""
        upto = [snapshot for snapshot in self.snapshots if snapshot.step <= step]
        return upto[-1] if upto else self.snapshots[0]

    def cut(self, step: int) -> None:
        """Forget everything after `step`."""
        self.snapshots = tuple(snapshot for snapshot in self.snapshots if snapshot.step <= step)
