"""Take a gate away: the LSTM and eight variants of it learn side by side, each from several seeds.

After "LSTM: A Search Space Odyssey" (Greff et al. 2017; see variants.py). The nine networks of one seed begin
with the same weights and read the same batches; those of the plain LSTM are the ones that a run of that seed
would have and read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from lstm_core.experiments.ablation.config import QUESTION, AblationConfig
from lstm_core.experiments.ablation.curves import Curves
from lstm_core.experiments.ablation.ranking import RECENT, Ranking, awaits, ranking
from lstm_core.experiments.ablation.stack import Stack
from lstm_core.experiments.ablation.variants import PLAIN, VARIANTS
from lstm_core.experiments.experiment import Part
from lstm_core.frames.frame import Frame
from lstm_core.serialization.reader import Reader
from lstm_core.tasks import make_task
from lstm_core.training.adam import Adam, read_adam
from lstm_core.training.trainer import model_for

LONGEST_VALIDATION = 256  # steps of the validation sequences that are read


class Ablation:
    """All networks of the experiment, in lockstep. (A `Subject`.)

    `losses` (K,) of the latest step, in nats or squared scaled units. `stopped` (K,): the step at which a
    network's loss or gradient was no longer finite, else 0; its weights stay as they were before, and the
    others go on. `ranking` says how the variants stand.
    """

    parts: ClassVar[Mapping[str, Part]] = {
        "validation": Part(share=0.05, shortest=0.1, longest=5.0, shared=5.0, spread=0.5)
    }

    def __init__(self, config: AblationConfig) -> None:
        """Raises ValueError when the data cannot be learnt from."""
        self.config = config
        self.wants: frozenset[str] = frozenset()
        self.task = make_task(config.task, config.train)
        runs = [config.run(number) for number in range(config.seeds)]
        self.stack = Stack([model_for(self.task, run) for run in runs])
        self.rngs = [np.random.default_rng(run.train.seed) for run in runs]
        self.optimizer = Adam(self.stack.parameters)
        self.step_count = 0
        self.learning_rate = config.knobs.learning_rate
        self.losses = torch.full((config.networks,), torch.nan)
        self.stopped = torch.zeros(config.networks, dtype=torch.int64)
        self.curves = Curves()
        self.ranking: Ranking | None = None
        self._validated = (-1, 0)  # when the latest validation was: step and length
        self._first: np.ndarray | None = None  # validation losses (V, S), the first ones and the latest
        self._recent: list[np.ndarray] = []

    @property
    def diverged(self) -> str | None:
        """Training goes on as long as one network can."""
        if not self.stopped.all():
            return None
        return (
            f"All networks have diverged, the last one at step {self.stopped.max().item():,}: their losses "
            "are no longer finite numbers. Lower the learning rate or the clip, then press Reset."
        )

    def change(self, config: AblationConfig, kind: str, name: str) -> list[str]:
        self.config = config
        return ["validation"] if name == "lag" and self.task.kind == "memory" else []

    def step(self) -> None:
        """One step of every network, each on the batch of its seed, each clipped for itself."""
        knobs, length = self.config.knobs, self._length
        batches = [self.task.batch(rng, knobs.batch_size, length, knobs.noise) for rng in self.rngs]
        inputs = torch.stack([batch.inputs for batch in batches])
        targets = torch.stack([batch.targets for batch in batches])
        losses = self.stack.losses(inputs, targets, batches[0].skip)
        self.optimizer.zero_grad()
        losses.sum().backward()
        norms = self.stack.clip(knobs.clip)
        self.losses = losses.detach()
        broken = ~(self.losses.isfinite() & norms.isfinite())
        self.stopped[broken & (self.stopped == 0)] = self.step_count + 1
        if self.stopped.any():
            self._hold_still()
            if self.stopped.all():
                return
        self.learning_rate = knobs.learning_rate
        self.optimizer.step(self.learning_rate)
        self.step_count += 1

    def _hold_still(self) -> None:
        """No step for networks that have stopped: without gradient and momentum Adam leaves them alone."""
        for name, parameter in self.stack.parameters.items():
            still = self.stopped[self.stack.owners(name)] > 0
            assert parameter.grad is not None
            parameter.grad[still] = 0
            self.optimizer.exp_avg[name][still] = 0

    @property
    def _length(self) -> int:
        """What `batch` and `validation` of the task are asked for: of a memory task the lag."""
        return self.config.knobs.lag if self.task.kind == "memory" else self.config.train.sequence_length

    @torch.no_grad()
    def refresh(self, part: str) -> None:
        """Try all networks on what is never trained on; the only part is "validation"."""
        now = self.step_count, self._length
        if now == self._validated:
            return
        batch = self.task.validation(self._length)
        inputs, targets = batch.inputs[:LONGEST_VALIDATION], batch.targets[:LONGEST_VALIDATION]
        many = self.config.seeds, *(1 for _ in inputs.shape)
        losses = self.stack.losses(inputs.repeat(many), targets.repeat(many), batch.skip)
        losses[(self.stopped > 0) | ~losses.isfinite()] = torch.nan
        table = losses.view(len(VARIANTS), -1).numpy().astype(np.float64)
        if self._first is None:
            self._first = table
        if now[1] != self._validated[1]:  # losses at another lag are not to be averaged with these
            self._recent = []
        self._validated = now
        self._recent = [*self._recent, table][-RECENT:]
        self.ranking = ranking(self._recent, self._first, self.config.squared)
        self.curves.append(self.step_count, table, self.config.squared)

    def state(self) -> dict[str, Any]:
        parameters = self.stack.parameters
        return {
            "model": {name: parameter.detach().clone() for name, parameter in parameters.items()},
            "optimizer": self.optimizer.state(),
            "rngs": {str(number): rng.bit_generator.state for number, rng in enumerate(self.rngs)},
            "step": self.step_count,
            "learning_rate": self.learning_rate,
            "losses": self.losses.numpy().copy(),
            "stopped": self.stopped.numpy().copy(),
            "curves": self.curves.state(),
            "validated_step": self._validated[0],
            "validated_length": self._validated[1],
            "first": self._first,
            "recent": np.array(self._recent, np.float64).reshape(-1, len(VARIANTS), self.config.seeds),
        }

    def load(self, state: dict[str, Any]) -> None:
        reader, networks = Reader(state, "ablation"), (self.config.networks,)
        table = len(VARIANTS), self.config.seeds
        parameters = self.stack.parameters
        self.step_count = step = reader.count("step")
        with torch.no_grad():
            for name, weights in reader.tensors("model", parameters).items():
                parameters[name].copy_(weights)
        self.optimizer.load(read_adam(reader.take("optimizer"), parameters, step))
        streams = Reader(reader.take("rngs"), "random streams")
        for number, rng in enumerate(self.rngs):
            rng.bit_generator.state = streams.stream(str(number))
        streams.end()
        self.learning_rate = reader.positive("learning_rate")
        self.losses = torch.from_numpy(reader.array("losses", networks, np.float32))
        self.stopped = torch.from_numpy(reader.array("stopped", networks, np.int64))
        if bool(((self.stopped < 0) | (self.stopped > step + 1)).any()):
            raise ValueError("a network of the ablation has stopped at a step that was not there yet.")
        self.curves.load(reader.take("curves"), step)
        self._validated = reader.count("validated_step", -1, step), reader.count("validated_length")
        self._first = reader.maybe("first", reader.values, table)
        self._recent = list(reader.values("recent", (None, *table)))
        reader.end()
        known = {self._first is not None, bool(self._recent), self._validated[0] >= 0}
        if len(self._recent) > RECENT or len(known) > 1:
            raise ValueError("the validation losses of the ablation do not belong together.")
        self.ranking = None
        if self._first is not None:
            self.ranking = ranking(self._recent, self._first, self.config.squared)

    def observe(self, meta: dict[str, Any]) -> Frame:
        plain = self.losses[self.stack.of(PLAIN)]
        meta = meta | {
            "experiment": "ablation",
            "kind": self.task.kind,
            "step": self.step_count,
            "loss": float(plain.nanmean()),
            "learning_rate": self.learning_rate,
            "seeds": self.config.seeds,
            "squared": self.config.squared,
            "question": QUESTION,
            "observation": "",
            "awaits": awaits(self.config.squared),
            "variants": [],
        }
        if self.ranking:
            meta |= {
                "observation": self.ranking.observation(self._validated[0]),
                "variants": self.ranking.rows(),
                "valid_loss": self.ranking.results[PLAIN].loss,
            }
        meta["axis_low"], meta["axis_high"] = self.curves.axis(self.config.squared)
        return Frame(meta, self.curves.arrays())
