"""Trainer: one network learning, one step at a time. It knows nothing of threads or viewers.

Everything that training draws at random comes from the run's seed, and nothing else (sampling text,
measuring the validation loss, being paused or watched) touches that stream: the same config gives the same
losses, bit for bit on one machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lstm_core.config import RunConfig
from lstm_core.nn.cell import Holds
from lstm_core.nn.model import SequenceModel
from lstm_core.serialization.reader import Reader
from lstm_core.tasks import Task, make_task
from lstm_core.training.adam import Adam, read_adam
from lstm_core.training.history import History
from lstm_core.training.snapshots import Snapshot, Timeline

# One step's matrices are too small to share among threads; many runs share the cores instead.
torch.set_num_threads(1)

VALIDATE_EVERY = 100  # steps; costs about 1 % of the training time
EARLY_VALIDATIONS = (1, 10, 30)
CHECKPOINT_EVERY = 100  # steps between the weights that a diverged run falls back to


@dataclass(frozen=True)
class Past:
    """What a run that branches off takes along: snapshots and losses up to where it begins."""

    snapshots: tuple[Snapshot, ...]
    losses: History
    valid_losses: History


def model_for(task: Task, config: RunConfig) -> SequenceModel:
    """A network with initial weights that reads what `task` offers and says what it asks for."""
    sizes = {"input_size": task.input_size, "output_size": task.output_size} if task.kind == "memory" else {}
    tokens = task.input_tokens if task.kind == "text" else None
    vocab_size = None if task.kind == "series" else task.vocab_size
    return SequenceModel(config.model, vocab_size, config.train.seed, tokens=tokens, **sizes)


class Trainer:
    """A network, its data and its optimiser. `knobs` and `holds` (gates held by hand while it trains) may be
    replaced at any time; the next step uses them.

    Attributes: `timeline`, how the network was; `step_count`; `loss`, the latest training loss; `valid_loss`;
    `learning_rate`, the one that the latest step used; `losses` and `valid_losses`, their histories;
    `diverged`, a sentence once the loss was no longer finite, else None. Losses are in nats (text) or squared
    scaled units (series).
    """

    def __init__(self, config: RunConfig, past: Past | None = None) -> None:
        """past: of the run that this one branches off from, instead of initial weights.

        Raises ValueError when the task cannot be learnt from (too short a text, say).
        """
        self.config = config
        self.knobs = config.knobs
        self.task = make_task(config.task, config.train)
        self.model = model_for(self.task, config)
        self._named = dict(self.model.named_parameters())
        self.parameters = list(self._named.values())
        self.optimizer = Adam(self._named)
        self.rng = np.random.default_rng(config.train.seed)
        self.holds: Holds | None = None
        self.step_count = 0
        self.loss = math.nan
        self.valid_loss = math.nan
        self.learning_rate = self.knobs.learning_rate
        self.losses = History()
        self.valid_losses = History()
        self.diverged: str | None = None
        self.timeline = Timeline()
        if past:
            self._go_on_from(past)
        else:
            self.timeline.add(self.snapshot())
        self._good = self._newest = self.checkpoint()

    def step(self) -> float:
        """One optimiser step on one random batch; returns its training loss.

        When the loss or its gradient is not finite, the weights go back to the last good ones and
        `diverged` says so; the step then does not count.
        """
        knobs = self.knobs
        batch = self.task.batch(self.rng, knobs.batch_size, self.length, knobs.noise)
        predictions, _ = self.model(batch.inputs, holds=self.holds, reach=knobs.reach)
        loss = self.model.loss(predictions, batch.targets, batch.skip)
        self.optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, knobs.clip, foreach=True)
        value = loss.item()
        if not math.isfinite(value) or not math.isfinite(norm.item()):
            self._fall_back(value)
            return value

        self._good = self._newest  # its weights have just given a finite loss
        self.optimizer.step(knobs.learning_rate)
        self.step_count += 1
        self.diverged = None
        self.loss, self.learning_rate = value, knobs.learning_rate
        self.losses.append(self.step_count, value)
        if self.step_count % VALIDATE_EVERY == 0 or self.step_count in EARLY_VALIDATIONS:
            self.valid_loss = self.validate(holds=self.holds)
            self.valid_losses.append(self.step_count, self.valid_loss)
        if self.step_count % CHECKPOINT_EVERY == 0:
            self._newest = self.checkpoint()
        if self.timeline.due(self.step_count):
            self.timeline.add(self.snapshot())
        return value

    @property
    def length(self) -> int:
        """What the task's batches are made for: the sequence length, or the lag that memory has to bridge."""
        return self.knobs.lag if self.task.kind == "memory" else self.config.train.sequence_length

    @torch.no_grad()
    def validate(self, model: SequenceModel | None = None, holds: Holds | None = None) -> float:
        """Loss of this network, or of an earlier one, on the validation part, which is never trained on."""
        model = model or self.model
        batch = self.task.validation(self.length)
        predictions, _ = model(batch.inputs, holds=holds)
        return model.loss(predictions, batch.targets, batch.skip).item()

    def past(self, step: int) -> Past:
        """What a run needs to branch off at the newest snapshot up to `step`. Any thread may ask."""
        start = self.timeline.at(step).step
        snapshots = tuple(one for one in self.timeline.snapshots if one.step <= start)
        return Past(snapshots, self.losses.upto(start), self.valid_losses.upto(start))

    def snapshot(self) -> Snapshot:
        """This moment, in the little room that the timeline has for it."""
        moments: list[tuple[Tensor, Tensor | None]] = []
        for moment in self.optimizer.exp_avg_sq.values():
            moments.append((moment.mean(1), moment.mean(0)) if moment.dim() == 2 else (moment.clone(), None))
        weights = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        rng, rate = self.rng.bit_generator.state, self.learning_rate
        return Snapshot(self.step_count, weights, moments, rng, self.loss, self.valid_loss, rate)

    def _go_on_from(self, past: Past) -> None:
        """Weights exactly as they were; Adam's second moments from their means, its first ones from 0.

        So the first steps are small ones. With no moments at all they would be as large as the learning rate
        allows, and the loss would jump.
        """
        start, first = past.snapshots[-1], self.snapshot()
        if not start.fits(first):
            raise ValueError("the weights to go on from are those of another network.")
        whole = past.snapshots[0].step == 0
        self.timeline.snapshots = past.snapshots if whole else (first, *past.snapshots)
        self.losses, self.valid_losses = past.losses.upto(start.step), past.valid_losses.upto(start.step)
        self.model.load_state_dict(start.weights)
        self.rng.bit_generator.state = dict(start.rng)
        self.step_count, self.learning_rate = start.step, start.learning_rate
        self.loss, self.valid_loss = start.loss, start.valid_loss
        if not start.step:
            return
        squares = {}
        for name, (rows, columns) in zip(self._named, start.moments, strict=True):
            squares[name] = rows
            if columns is not None:
                squares[name] = rows[:, None] * columns / rows.mean().clamp_min(torch.finfo(rows.dtype).tiny)
        moments = {"exp_avg": self.optimizer.exp_avg, "exp_avg_sq": squares}
        self.optimizer.load({"step": float(start.step), **moments})

    def checkpoint(self) -> dict[str, Any]:
        """Weights, optimiser, random stream, step and losses of now. It is never changed later."""
        return {
            "model": {name: tensor.clone() for name, tensor in self.model.state_dict().items()},
            "optimizer": self.optimizer.state(),
            "rng": self.rng.bit_generator.state,
            "step": self.step_count,
            "loss": self.loss,
            "valid_loss": self.valid_loss,
        }

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go back to a checkpoint, and forget the losses that came after it."""
        self.model.load_state_dict(checkpoint["model"])
        self.optimizer.load(checkpoint["optimizer"])
        self.rng.bit_generator.state = checkpoint["rng"]
        self.step_count = checkpoint["step"]
        self.loss, self.valid_loss = checkpoint["loss"], checkpoint["valid_loss"]
        self.losses.cut(self.step_count)
        self.valid_losses.cut(self.step_count)
        self.timeline.cut(self.step_count)
        self._good = self._newest = checkpoint

    def state(self) -> dict[str, Any]:
        """All that training goes on from, bit for bit, but for settings and snapshots; a tree as reader.py
        describes it, which later steps do not change.
        """
        return {
            "now": self.checkpoint(),
            "newest": self._newest,
            "good": None if self._good is self._newest else self._good,
            "learning_rate": self.learning_rate,
            "losses": self.losses.state(),
            "valid_losses": self.valid_losses.state(),
            "diverged": self.diverged,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Become what `state` was, of a trainer with the same settings. The timeline then has two snapshots:
        of the beginning, and of now.

        Raises ValueError, one sentence, for what cannot be such a state.
        """
        reader = Reader(state, "training")
        now, newest = (self._read(reader.take(name)) for name in ("now", "newest"))
        good = reader.take("good")
        good = newest if good is None else self._read(good)
        if not good["step"] <= newest["step"] <= now["step"]:
            raise ValueError("the weights to fall back to are newer than those of now.")
        rate, diverged = reader.positive("learning_rate"), reader.maybe("diverged", reader.text)
        losses, valid_losses = History(), History()
        losses.load(reader.take("losses"), now["step"])
        valid_losses.load(reader.take("valid_losses"), now["step"])
        reader.end()

        self.restore(now)
        self._newest, self._good = newest, good
        self.learning_rate, self.diverged = rate, diverged
        self.losses, self.valid_losses = losses, valid_losses
        beginning = self.timeline.snapshots[:1]
        self.timeline.snapshots = beginning if now["step"] == 0 else (*beginning, self.snapshot())

    def _read(self, state: Any) -> dict[str, Any]:
        """A checkpoint, looked at."""
        reader = Reader(state, "checkpoint")
        model = reader.tensors("model", self.model.state_dict())
        rng, step = reader.stream("rng"), reader.count("step")
        optimizer = read_adam(reader.take("optimizer"), self._named, step)
        losses = {name: reader.positive(name) for name in ("loss", "valid_loss")}
        reader.end()
        return {"model": model, "optimizer": optimizer, "rng": rng, "step": step, **losses}

    def _fall_back(self, value: float) -> None:
        at = self.step_count + 1
        what = "gradient" if math.isfinite(value) else "loss"
        self.restore(self._good)
        self.diverged = (
            f"Training diverged at step {at:,}: the {what} is no longer a finite number. The weights of "
            f"step {self.step_count:,} are back. Lower the learning rate or the clip, then press Play."
        )
