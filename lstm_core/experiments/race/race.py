"""The race: RNN, GRU and LSTM of equal size learn the same memory task side by side, in lockstep."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from lstm_core.config import LONGEST_LAG, memory_length
from lstm_core.experiments.experiment import Part
from lstm_core.experiments.race.config import EXAM_SEQUENCES, LANES, QUESTIONS, RaceConfig
from lstm_core.experiments.race.gradient_flow import flow
from lstm_core.experiments.race.lane import Lane, fallen, score
from lstm_core.experiments.race.verdict import Result, Stage, observation
from lstm_core.frames.frame import Frame
from lstm_core.serialization.reader import Reader
from lstm_core.tasks.batch import Batch
from lstm_core.tasks.memory import SYMBOLS, MemoryTask

EXAM_EVERY = 20  # steps
SETTLED = 2 * EXAM_EVERY  # steps; a lag that was trained for fewer is one of those passed while it is dragged
LAGS = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200)  # that accuracy is measured at …
FURTHER = 3  # … up to so many times the one that is trained on
FLOW_SEQUENCES = 8


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
            lane.examine(self.step_count, score(self.task, lane.trainer.model, batch))

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
                score(self.task, lane.trainer.model, self.task.exam(self._rng_by_lag, lag)) for lag in lags
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
