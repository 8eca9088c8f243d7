"""A small race, for tests."""

from lstm_core.config import Knobs, MemoryConfig
from lstm_core.experiments.race.config import LANES, RaceConfig

TINY = Knobs(learning_rate=5e-3, batch_size=4, lag=6)


def config(kind="recall", lanes=LANES, knobs=TINY, **settings):
    absent = {lane: False for lane in LANES if lane not in lanes}
    return RaceConfig(MemoryConfig(kind), knobs=knobs, **({"hidden_size": 5} | absent | settings))
