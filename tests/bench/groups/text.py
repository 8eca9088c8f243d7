"""What watching costs in learning: the validation loss after the same time beside a bare loop."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lstm_core.config import RunConfig, TrainConfig
from tests.bench.baseline import BareLoop
from tests.bench.report import Figure, Options, median
from tests.bench.viewers import LocalViewer

SLICE = 1.0  # seconds of one, then of the other: both see the same machine


def measure(options: Options) -> Iterator[Figure]:
    """Validation loss of the default text after 15 s; the median of several seeds."""
    seconds = options.seconds(15, 3)
    pairs = [losses_after(seconds, seed) for seed in range(options.times(3, 1))]
    watched, bare = (list(losses) for losses in zip(*pairs, strict=True))
    yield Figure(
        "loss",
        f"validation loss after {seconds:g} s of watched training",
        median(watched),
        "nats",
        median(bare),
        "bare loop",
        median([one / other for one, other in pairs]),
        at_most=1.05,
    )


def losses_after(seconds: float, seed: int) -> tuple[float, float]:
    """Losses of a watched run and of a bare loop with its data, initial weights and batches."""
    config = RunConfig(train=TrainConfig(seed=seed))
    bare = BareLoop(config)
    with LocalViewer(config) as viewer:
        trained = 0.0
        while trained < seconds:
            viewer.post({"type": "play"})
            start = time.monotonic()
            time.sleep(min(SLICE, seconds - trained))
            viewer.post({"type": "pause"})
            passed = time.monotonic() - start
            time.sleep(0.05)  # until the step that it was in is done
            trained += passed
            bare.run_for(passed)
            viewer.frames.clear()
        return viewer.trainer().validate(), bare.validate()
