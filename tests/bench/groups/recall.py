"""Who remembers a symbol over how many steps, and how soon: every cell alone, as on the Memory page.

Long: up to LAGS × LANES × SEEDS × BUDGET seconds, which is 18 minutes if nobody ever learns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from lstm_core.config import Knobs, TrainConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.experiments.race.lane import Lane, score
from lstm_core.experiments.race.race import EXAM_EVERY
from lstm_core.tasks import MemoryTask
from tests.bench.report import Figure, Options, median

LAGS = (20, 50, 100)
SEEDS = 5
BUDGET = 12.0  # seconds of one thread for each network
HIDDEN = 32  # of the LSTM; the others have as many parameters
# name → lane of the race, and the settings that differ
LANES = {
    "rnn": ("rnn", {}),
    "gru": ("gru", {}),
    "lstm_0": ("lstm0", {}),
    "lstm_1": ("lstm", {"forget_bias": 1.0}),
    "lstm_3": ("lstm", {"forget_bias": 3.0}),
    "lstm_chrono": ("lstm", {"chrono": True}),
}


def measure(options: Options) -> Iterator[Figure]:
    """Seconds until all symbols are recalled, median over the seeds of those networks that learn it."""
    seeds, budget = options.times(SEEDS, 1), options.seconds(BUDGET, 1.0)
    for lag in LAGS:
        for name, (lane, settings) in LANES.items():
            config = replace(RaceConfig(hidden_size=HIDDEN), **settings)
            knobs = Knobs(learning_rate=5e-3, batch_size=32, lag=lag)
            found = [
                seconds_until_learnt(replace(config, knobs=knobs, train=TrainConfig(seed=seed)), lane, budget)
                for seed in range(seeds)
            ]
            learnt = [seconds for seconds in found if math.isfinite(seconds)]
            about = f"recall over {lag} steps, {name.replace('_', ' ')}"
            told = f"{about}: of {seeds} networks learn it in {budget:g} s"
            yield Figure(f"lag{lag}_{name}_learnt", told, len(learnt))
            if learnt:
                yield Figure(f"lag{lag}_{name}", "… the median of those after", median(learnt), "s")


def seconds_until_learnt(config: RaceConfig, lane: str, budget: float) -> float:
    """Of this network's own time; infinite if it takes longer than `budget`."""
    task = MemoryTask(config.task, config.train)
    network = Lane(lane, config.run(lane))
    exam = task.exam(network.trainer.rng, config.knobs.lag)  # every symbol once: it draws nothing
    while network.seconds < budget:
        network.step()
        step = network.trainer.step_count
        if step % EXAM_EVERY == 0:
            network.examine(step, score(task, network.trainer.model, exam))
            if network.reached is not None:
                return network.seconds
    return math.inf
