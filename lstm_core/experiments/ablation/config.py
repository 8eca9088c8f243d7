"""The settings of the experiment in which gates are taken away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lstm_core.config import (
    WORK_LIMIT,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
)
from lstm_core.config.fields import Checked, flag, ranged
from lstm_core.experiments.ablation.variants import VARIANTS

QUESTION = "Take a gate away, or change one: which part of the LSTM matters most?"
EMBEDDING = 16  # numbers a token; enough for some 60 characters
SEEDS = 2**31  # there are so many


@dataclass(frozen=True)
class AblationConfig(Checked):
    """All settings of the experiment. `knobs` are live; whatever else differs asks for new networks.

    Raises ValueError when one training step of all networks would take too long.
    """

    task: TextConfig | SeriesConfig | MemoryConfig = TextConfig()
    hidden_size: int = ranged(32, 4, 64, "Hidden units H of every network.")
    forget_bias: float = ranged(
        1.0, 0.0, 5.0, "Initial bias of the forget gate: the larger, the longer the untrained cell remembers."
    )
    chrono: bool = flag(
        "Draw the forget gate's initial biases for memories from 1 step up to the length of the sequences "
        "(chrono initialisation), in place of the one forget bias."
    )
    seeds: int = ranged(3, 1, 5, "Each variant learns so many times, from other weights and other batches.")
    train: TrainConfig = TrainConfig(sequence_length=32)
    knobs: Knobs = Knobs()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step_work > WORK_LIMIT:
            batch = self.knobs.batch_size
            raise ValueError(
                f"A batch size of {batch} is too much for {self.networks} networks of {self.hidden_size} "
                f"units and sequences of {self.run(0).length}: one step would take seconds. A batch size of "
                f"{int(WORK_LIMIT * batch // self.step_work)} fits; or lower one of the others."
            )

    @property
    def networks(self) -> int:
        """K: so many of every variant as there are seeds."""
        return len(VARIANTS) * self.seeds

    def run(self, number: int) -> RunConfig:
        """What a run would need to train the plain LSTM of seed `number`, counted from 0, alone."""
        model = ModelConfig(
            hidden_size=self.hidden_size, embedding_size=EMBEDDING, forget_bias=self.forget_bias
        )
        train = replace(self.train, seed=(self.train.seed + number) % SEEDS)
        run = RunConfig(self.task, model, train, self.knobs)
        return replace(run, model=replace(model, chrono=run.length)) if self.chrono else run

    @property
    def squared(self) -> bool:
        """Whether losses are squared errors, which are compared by their ratio; else they are in nats."""
        return isinstance(self.task, SeriesConfig) or self.task == MemoryConfig("adding")

    @property
    def step_work(self) -> int:
        """Multiply-adds of the recurrent layers in the forward pass of one training step of all networks."""
        return self.networks * self.run(0).step_work

    @property
    def network(self) -> Any:
        """Configs that are equal in this need no new networks."""
        return replace(self, knobs=Knobs())
