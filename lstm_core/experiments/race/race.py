"""The race: RNN, GRU and LSTM of equal size learn the same memory task side by side, in lockstep."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from lstm_core.config import (
    LONGEST_LAG,
    WORK_LIMIT,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
    memory_length,
)
from lstm_core.config.fields import Checked, flag, limits, one_of, ranged
from lstm_core.experiments.experiment import Part
from lstm_core.experiments.race.gradient_flow import flow
from lstm_core.experiments.race.lane import Lane, fallen
from lstm_core.experiments.race.sizes import EMBEDDING, equal_size
from lstm_core.experiments.race.verdict import Result, Stage, observation
from lstm_core.frames.frame import Frame
from lstm_core.serialization.reader import Reader
from lstm_core.tasks.batch import Batch
from lstm_core.tasks.memory import SYMBOLS, MemoryTask

# lane → name; the second LSTM shows what the initial forget bias is worth
LANES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM", "lstm0": "LSTM bias 0"}
QUESTIONS = {
    "recall": "Which of these cells can bring a symbol across many steps, and why?",
    "adding": "Which of these cells can add two numbers that lie far apart, and why?",
    "counting": "Which of these cells can count a row of a and then as many b, and why?",
}
EXAM_EVERY = 20  # steps
EXAM_SEQUENCES = 128  # 2 % of the time of training
SETTLED = 2 * EXAM_EVERY  # steps; a lag that was trained for fewer is one of those passed while it is dragged
LAGS = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200)  # that accuracy is measured at …
FURTHER = 3  # … up to so many times the one that is trained on
FLOW_SEQUENCES = 8


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


class Race:
    """Several networks in lockstep: the same seed, the same sequences. (A `Subject`.)

    A network whose loss is no longer finite stands still; the others go on.
    """

    parts: ClassVar = {
        "flow": Part(share=0.03, shortest=0.1, longest=2.0, shared=5.0, spread=0.3),
        "lags": Part(share=0.02, shortest=0.1, longest=2.0, shared=5.0, spread=0.3),
    }

    def __init__(self, config: RaceConfig) -> None:
        self.config = config
        self.wants: frozenset[str] = frozenset()
        self.step_count = 0
        self.task = MemoryTask(config.task, config.train)
        self.lanes = {lane: Lane(LANES[lane], config.run(lane)) for lane in config.lanes}
        # streams beside that of training; how often somebody looks at the lags shall change nothing else
        self._rng, self._rng_by_lag = (np.random.default_rng([config.train.seed, k]) for k in (1, 2))
        self._next_by_lag = 0  # whose turn it is to be measured over the lags
        self._since = 0  # step at which the lag became what it is,
        self._before: int | None = None  # from this one …
        self._cut = 0  # … and the truncation
        self._examine()
        self.refresh("flow")

    @property
    def diverged(self) -> str | None:
        """Only when all have."""
        stopped = [lane.stopped for lane in self.lanes.values()]
        if None in stopped:
            return None
        return (
            f"All networks diverged by step {self.step_count + 1:,}: their losses are no longer finite. "
            "Lower the learning rate, then press Play, or Reset to start over."
        )

    def change(self, config: RaceConfig, kind: str, name: str) -> Iterable[str]:
        """A knob, from the next step on. Another lag is a new stage: nobody has learnt that one yet."""
        before, self.config = self.config.knobs.lag, config
        for lane in self.lanes.values():
            lane.trainer.knobs = config.knobs
        if name == "lag":
            if self.step_count - self._since >= SETTLED:
                self._before = before
            self._since = self.step_count
            for lane in self.lanes.values():
                lane.begin()
        elif name == "reach":
            self._cut = self.step_count
            for lane in self.lanes.values():
                lane.start = lane.accuracy
        return ("flow",) if name in ("lag", "reach") else ()

    def step(self) -> None:
        """One step of every network that does not stand still; if all do, they try once more."""
        running = self._running() or list(self.lanes.values())
        for lane in running:
            lane.step()
            lane.stopped = lane.trainer.diverged and (
                f"{lane.name} diverged at step {self.step_count + 1:,} and stands still."
            )
        if self._running():
            self.step_count += 1
            if self.step_count % EXAM_EVERY == 0:
                self._examine()

    def _running(self) -> list[Lane]:
        return [lane for lane in self.lanes.values() if lane.stopped is None]

    def _examine(self) -> None:
        """Accuracy at the lag that is trained: for every symbol, or on fresh sequences, the same for all."""
        task, lag = self.task, self.config.knobs.lag
        recall = task.what == "recall"
        batch = task.exam(self._rng, lag) if recall else task.batch(self._rng, EXAM_SEQUENCES, lag)
        for lane in self._running():
            lane.examine(self.step_count, self.task.score(lane.trainer.model, batch))

    def refresh(self, part: str) -> None:
        """flow: of all networks. lags: accuracy over the lags, of one network after the other."""
        knobs, lanes = self.config.knobs, list(self.lanes.values())
        if part == "flow":
            batch = self._few_sequences()
            for lane in lanes:
                model = lane.trainer.model
                if math.isnan(lane.fell):
                    lane.fell = fallen(flow(model, batch))
                lane.flow = flow(model, batch, knobs.reach)
            return
        lags = sorted({lag for lag in LAGS if lag <= FURTHER * knobs.lag} | {knobs.lag})
        self._next_by_lag = (self._next_by_lag + 1) % len(lanes)
        for lane in [lane for lane in lanes if lane.lags != lags] or [lanes[self._next_by_lag]]:
            lane.lags = lags
            lane.by_lag = [
                self.task.score(lane.trainer.model, self.task.exam(self._rng_by_lag, lag)) for lag in lags
            ]

    def observe(self, meta: dict[str, Any]) -> Frame:
        """Of each lane accuracy over steps and seconds, accuracy by lag, and gradients by time step."""
        knobs, chance = self.config.knobs, self.task.chance(self.config.knobs.lag)
        arrays: dict[str, np.ndarray] = {}
        for key, lane in self.lanes.items():
            arrays |= lane.arrays(key)
        running = self._running() or list(self.lanes.values())
        losses = [lane.trainer.loss for lane in running]
        meta = meta | {
            "kind": "race",
            "experiment": "race",
            "question": QUESTIONS[self.task.what],
            "observation": self._observation(),
            "awaits": self._stage.awaits,
            "step": self.step_count,
            "loss": sum(losses) / len(losses),
            "learning_rate": running[0].trainer.learning_rate,
            "task": self.task.what,
            "lag": knobs.lag,
            "labels": self._labels(),
            "reach": knobs.reach,
            "chance": chance,
            "since": self._since,
            "lag_changed": self._since > 0,
            "lanes": [lane.facts(key) for key, lane in self.lanes.items()],
        }
        return Frame(meta, arrays)

    def state(self) -> dict[str, Any]:
        return {
            "lanes": {key: lane.state() for key, lane in self.lanes.items()},
            "step": self.step_count,
            "rng": self._rng.bit_generator.state,
            "rng_by_lag": self._rng_by_lag.bit_generator.state,
            "next_by_lag": self._next_by_lag,
            "since": self._since,
            "before": self._before,
            "cut": self._cut,
        }

    def load(self, state: dict[str, Any]) -> None:
        reader = Reader(state, "race")
        reader.default("before", None)
        self.step_count = step = reader.count("step")
        lanes = Reader(reader.take("lanes"), "lanes")
        for key, lane in self.lanes.items():
            lane.load(lanes.take(key), step)
        lanes.end()
        self._rng.bit_generator.state = reader.stream("rng")
        self._rng_by_lag.bit_generator.state = reader.stream("rng_by_lag")
        self._next_by_lag = reader.count("next_by_lag", 0, len(self.lanes) - 1)
        self._since, self._cut = reader.count("since", 0, step), reader.count("cut", 0, step)
        self._before = reader.maybe("before", reader.count, 1, LONGEST_LAG)
        reader.end()

    @property
    def _stage(self) -> Stage:
        knobs, what = self.config.knobs, self.task.what
        return Stage(
            lag=knobs.lag,
            chance=self.task.chance(knobs.lag),
            step=self.step_count,
            needed=memory_length(what, knobs.lag),
            begun=self._since,
            before=self._before,
            reach=knobs.reach,
        )

    def _observation(self) -> str:
        results = [
            Result(
                lane.name,
                lane.accuracy,
                lane.reached,
                lane.lost,
                lane.start,
                lane.fell,
                fallen(lane.flow),
                lane.reached is not None and lane.reached <= self._cut,
            )
            for lane in self._running()
        ]
        return observation(results, self._stage)

    def _few_sequences(self) -> Batch:
        """On which the gradient is followed: the same ones every time."""
        batch = self.task.exam(np.random.default_rng(0), self.config.knobs.lag)
        inputs, targets = batch.inputs[:, :FLOW_SEQUENCES], batch.targets[:, :FLOW_SEQUENCES]
        return replace(batch, inputs=inputs, targets=targets)

    def _labels(self) -> list[str]:
        """What is read at each step at which the gradient is shown."""
        lag = self.config.knobs.lag
        if self.task.what == "adding":
            return ["·"] * memory_length("adding", lag)
        if self.task.what == "recall":
            symbols, blank, cue = self.task.vocabulary[:SYMBOLS], *self.task.vocabulary[SYMBOLS:]
            return [f"{symbols[0]}…{symbols[-1]}", *[blank] * lag, cue]
        a, x, b, _ = self.task.vocabulary
        return [*[a] * lag, x, *[b] * lag]
