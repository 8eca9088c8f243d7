"""What it costs to watch three networks side by side: their speed beside bare loops over the same batches."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from lstm_core.config import RunConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.tasks import MemoryTask
from lstm_core.training.trainer import Trainer
from tests.bench.report import Figure, Options, median
from tests.bench.viewers import LocalViewer

LANES = ("rnn", "gru", "lstm")
REACH = 0.85


class BareNetwork:
    """The fused core, its embedding and head, Adam, and nothing else: the least that a lane can cost."""

    def __init__(self, config: RunConfig) -> None:
        trainer = Trainer(config)
        assert isinstance(trainer.task, MemoryTask)
        self.task, self.knobs = trainer.task, config.knobs
        self.embedding, self.core, self.head = (
            getattr(trainer.model, name) for name in ("embedding", "core", "head")
        )
        self.parameters = trainer.parameters
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.knobs.learning_rate, fused=True)
        self.rng = np.random.default_rng(config.train.seed)

    def step(self) -> float:
        """One optimiser step; returns its loss."""
        batch = self.task.batch(self.rng, self.knobs.batch_size, self.knobs.lag)
        hidden, _ = self.core(self.embedding(batch.inputs))
        logits, targets = self.head(hidden)[batch.skip :], batch.targets[batch.skip :]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, self.knobs.clip)
        self.optimizer.step()
        return loss.item()


def measure(options: Options) -> Iterator[Figure]:
    """The race of the Memory page, without its fourth lane; while it trains, the bare loops stand still."""
    config = RaceConfig(lstm0=False)
    bare = [BareNetwork(config.run(lane)) for lane in LANES]
    seconds = options.seconds(2, 0.8)
    watched, rival, frames = [], [], []
    with LocalViewer(config) as viewer:
        viewer.warm_up()
        run_for(bare, seconds / 2)
        for turn in range(options.times(8, 2)):
            if turn % 2:
                rival.append(run_for(bare, seconds))
            steps, shown = viewer.train_for(seconds)
            watched.append(steps)
            frames.append(shown)
            if not turn % 2:
                rival.append(run_for(bare, seconds))
    ratio = median([one / other for one, other in zip(watched, rival, strict=True)])
    about = f"steps of all three, lag {config.knobs.lag}, while watched"
    yield Figure(
        "steps", about, median(watched), "steps/s", median(rival), "bare loops", ratio, at_least=REACH
    )
    yield Figure("frames", "frames that its viewer got", median(frames), "frames/s")


def run_for(networks: list[BareNetwork], seconds: float) -> float:
    """Train all in turn for `seconds`; returns the steps per second that all of them took."""
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        for network in networks:
            network.step()
        count += 1
    return count / passed
