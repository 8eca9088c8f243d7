"""How many bytes one frame has."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_core.config import RunConfig
from lstm_core.runtime.run import Run
from tests.bench.groups.sine import series_page
from tests.bench.report import Figure, Options

REACH = 30_000


def measure(options: Options) -> Iterator[Figure]:
    """The largest frame of a default run while its loss curve, of 240 points at most, fills up."""
    steps = options.times(600, 60)
    for name, config in (("text", RunConfig()), ("series", series_page(seed=0))):
        about = f"largest {name} frame up to step {steps:,}"
        yield Figure(name, about, largest_frame(config, steps), "bytes", at_most=REACH)


def largest_frame(config: RunConfig, steps: int) -> int:
    """Bytes of the largest frame in the first `steps` steps."""
    run, largest = Run(config), 0
    while run.steps < steps and run.playing:
        run.wanted = True
        run.work(0.02)
        largest = max(largest, len(run.latest or b""))
    return largest
