"""Timeline: how a network was, at steps spread evenly over the logarithm of training time.

Weights are kept exactly. Of the optimiser only what a later start needs is kept, in the little room that
Adafactor takes (Shazeer & Stern 2018): the means of Adam's second moments over rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lstm_core.serialization.reader import Reader, matches
from lstm_core.training.timeline_capacity import capacity

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

    def tree(self) -> dict[str, Any]:
        """All of it, as `read_snapshot` takes it."""
        return vars(self) | {"rng": dict(self.rng), "moments": [list(pair) for pair in self.moments]}

    def fits(self, other: Snapshot) -> bool:
        """Whether both are of networks of the same shape."""
        pairs = zip(
            (part for pair in self.moments for part in pair),
            (part for pair in other.moments for part in pair),
            strict=False,
        )
        return (
            self.weights.keys() == other.weights.keys()
            and len(self.moments) == len(other.moments)
            and all(matches(self.weights[name], weight) for name, weight in other.weights.items())
            and all(one is two is None or (two is not None and matches(one, two)) for one, two in pairs)
        )


def read_snapshot(tree: Any) -> Snapshot:
    """The snapshot of which `tree` tells. Raises ValueError, one sentence, if it is none."""
    reader = Reader(tree, "snapshot")
    weights, moments = reader.take("weights"), reader.items("moments", 0, 1000)
    right = isinstance(weights, dict) and all(isinstance(weight, Tensor) for weight in weights.values())
    pairs = [tuple(pair) if isinstance(pair, list) else () for pair in moments]
    for pair in pairs:
        right = (
            right and len(pair) == 2 and isinstance(pair[0], Tensor) and isinstance(pair[1], Tensor | None)
        )
    if not right:
        raise ValueError("the weights or moments of a snapshot are of the wrong type.")
    numbers = {name: reader.positive(name) for name in ("loss", "valid_loss", "learning_rate")}
    snapshot = Snapshot(reader.count("step"), weights, pairs, reader.stream("rng"), **numbers)
    reader.end()
    return snapshot


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
        while len(kept) > capacity(snapshot.bytes):
            times = [math.log(one.step + EARLY) for one in kept]
            # the first and the last stay
            places = [place for place in range(1, len(kept) - 1) if kept[place].step != self.keep]
            del kept[min(places, key=lambda place: times[place + 1] - times[place - 1])]
        self.snapshots = tuple(kept)

    def at(self, step: int) -> Snapshot:
        """The newest snapshot up to `step`; the first one if there is none. Raises IndexError when empty."""
        upto = [snapshot for snapshot in self.snapshots if snapshot.step <= step]
        return upto[-1] if upto else self.snapshots[0]

    def take_over(self, snapshots: Iterable[Snapshot], step: int) -> None:
        """Hold these, of a network that has come to `step`, in place of all but the one of the beginning.

        Those that cannot be of this network are left out; if none is left, nothing changes.
        """
        first, last, kept = self.snapshots[0], -1, []
        for snapshot in snapshots:
            if last < snapshot.step <= step and snapshot.fits(first):
                kept.append(snapshot)
                last = snapshot.step
        if kept:
            self.snapshots = tuple(kept) if kept[0].step == 0 else (first, *kept)

    def cut(self, step: int) -> None:
        """Forget everything after `step`."""
        self.snapshots = tuple(snapshot for snapshot in self.snapshots if snapshot.step <= step)
