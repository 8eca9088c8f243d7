"""How soon the Series page's default run can continue its sine by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lstm_core.config import Knobs, ModelConfig, RunConfig, SeriesConfig, TrainConfig
from tests.bench.report import Figure, Options, median
from tests.bench.viewers import LocalViewer

GOOD = 0.15  # of the amplitude
HOLD = 1.0  # seconds that it has to stay good
GIVE_UP = 30.0
REACH = 5.0


def series_page(seed: int) -> RunConfig:
    """What the Series page opens when nobody chose anything."""
    return RunConfig(
        task=SeriesConfig(),
        model=ModelConfig(hidden_size=32),
        train=TrainConfig(sequence_length=48, seed=seed),
        knobs=Knobs(learning_rate=5e-3),
    )


def measure(options: Options) -> Iterator[Figure]:
    """Seconds of watched training, over several seeds."""
    with LocalViewer(series_page(seed=0)) as viewer:
        viewer.warm_up()  # what Python loads at the first step of all is not the sine's
    seconds = [seconds_until_good(seed) for seed in range(options.times(5, 2))]
    about = f"until the forecast holds to {GOOD:.0%} of the amplitude"
    yield Figure("seconds", f"{about}, median", median(seconds), "s", at_most=REACH)
    about = f"the same, worst of {len(seconds)} seeds"
    yield Figure("seconds_worst", about, max(seconds), "s", at_most=REACH)


def seconds_until_good(seed: int) -> float:
    """From the opening of the run to the first of the frames that stay good; GIVE_UP if none does."""
    config = series_page(seed)
    assert isinstance(config.task, SeriesConfig)
    limit = GOOD * config.task.amplitude
    start, since = time.time(), None
    with LocalViewer(config) as viewer:
        while time.time() - start < GIVE_UP:
            for meta in viewer.metas():
                error = meta["closed_rmse"]
                if error is None or error >= limit:
                    since = None
                elif since is None:
                    since = meta["made"]
                elif meta["made"] - since >= HOLD:
                    return since - start
            time.sleep(0.02)
    return GIVE_UP
