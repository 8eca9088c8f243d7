"""The settings of a race, and what its networks are called."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_core.config import (
    WORK_LIMIT,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
    memory_length,
)
from lstm_core.config.fields import Checked, flag, limits, one_of, ranged
from lstm_core.experiments.race.sizes import EMBEDDING, equal_size
from lstm_core.tasks.memory import SYMBOLS

# lane → name; the second LSTM shows what the initial forget bias is worth
LANES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM", "lstm0": "LSTM bias 0"}
QUESTIONS = {
    "recall": "Which of these cells can bring a symbol across many steps, and why?",
    "adding": "Which of these cells can add two numbers that lie far apart, and why?",
    "counting": "Which of these cells can count a row of a and then as many b, and why?",
}
EXAM_SEQUENCES = 128  # 2 % of the time of training


def exam_about(kind: str) -> str:
    """What the accuracy is measured on. At one lag recall has no more sequences than symbols."""
    return f"on all {SYMBOLS} sequences" if kind == "recall" else f"on {EXAM_SEQUENCES} fresh sequences"


@dataclass(frozen=True)
class RaceConfig(Checked):
    """Several networks that learn one task, from the same seed and the same sequences.

    Fields named as in LANES: whether that lane takes part. Raises ValueError when none does, and when one
    step of all of them would take too long.
    """

    task: MemoryConfig = MemoryConfig()
    rnn: bool = flag("The plain tanh network: h' = tanh(W x + U h + b).", default=True)
    gru: bool = flag("Two gates; its update gate z decides what of h is kept.", default=True)
    lstm: bool = flag(
        "Three gates and a cell state; its forget gate decides what of c is kept.", default=True
    )
    lstm0: bool = flag("The same LSTM, but its forget gates begin half open: with a bias of 0.", default=True)
    hidden_size: int = ranged(
        16, 4, 96, "Hidden units of the LSTMs; GRU and RNN get as many parameters, and so more units."
    )
    forget_bias: float = ranged(
        4.0,
        0.0,
        5.0,
        "Initial bias b of the LSTM's forget gate: at first it forgets within about eᵇ steps (3: 20, 4: 55).",
    )
    chrono: bool = flag(
        "Chrono initialisation (Tallec & Ollivier 2018): each unit of LSTM and GRU begins with a memory span "
        "of its own, from 1 step to the lag."
    )
    init: str = one_of(
        "uniform",
        limits(ModelConfig, "init")["choices"],
        "Initial weights: uniform as in PyTorch; or orthogonal, with which h neither swells nor fades.",
    )
    train: TrainConfig = TrainConfig()
    knobs: Knobs = Knobs(learning_rate=5e-3, batch_size=32, lag=50)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.lanes:
            raise ValueError(f"Nobody takes part: choose one or more of {', '.join(LANES.values())}.")
        if self.step_work > WORK_LIMIT:
            raise ValueError(
                f"A batch size of {self.knobs.batch_size} at a lag of {self.knobs.lag} is too much for "
                f"{len(self.lanes)} networks with the parameters of {self.hidden_size} LSTM units: one step "
                "would take seconds. Lower one of these."
            )

    @property
    def lanes(self) -> tuple[str, ...]:
        """Those that take part, in the order of LANES."""
        return tuple(lane for lane in LANES if getattr(self, lane))

    @property
    def network(self) -> tuple[object, ...]:
        """What asks for new networks when it differs."""
        start = (self.hidden_size, self.forget_bias, self.chrono, self.init)
        return self.task, self.lanes, start, self.train

    @property
    def step_work(self) -> int:
        """Multiply-adds of the recurrent layers in the forward pass of one training step of all lanes."""
        return sum(self.run(lane).step_work for lane in self.lanes)

    def model(self, lane: str) -> ModelConfig:
        """The network of a lane."""
        bare = lane == "lstm0"
        cell = "lstm" if bare else lane
        return ModelConfig(
            cell=cell,
            hidden_size=equal_size(cell, self.hidden_size, self.task),
            num_layers=1,
            embedding_size=EMBEDDING,
            init=self.init,
            forget_bias=0.0 if bare else self.forget_bias,
            chrono=0 if bare or not self.chrono else memory_length(self.task.kind, self.knobs.lag),
        )

    def run(self, lane: str) -> RunConfig:
        """A lane as a run of its own."""
        return RunConfig(self.task, self.model(lane), self.train, self.knobs)
