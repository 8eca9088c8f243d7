"""What a viewer sees of a trainer: the probe's gates and states, the losses, and what the network makes.

An observer only looks. It draws no number from the training stream and changes no weight.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_core.backward import gradient_check
from lstm_core.cell import Holds
from lstm_core.config import SIGNALS, Hands, View
from lstm_core.find import Question, find_units
from lstm_core.frame import Frame
from lstm_core.generate import next_tokens
from lstm_core.hold import holds_of
from lstm_core.inside import cell_numbers, truth
from lstm_core.model import SequenceModel
from lstm_core.outputs import GROWTH_LENGTH, forecast_axes, forecast_lines, written
from lstm_core.probe import read_probe, read_prompt
from lstm_core.rows import Rows
from lstm_core.survey import survey
from lstm_core.tasks import TextTask
from lstm_core.timeline import Snapshot
from lstm_core.trace import Trace, held_trace, trace
from lstm_core.trainer import Trainer

PARTS = ("unit", "survey", "held")  # of a frame that are made only for viewers who show them


def is_growth_step(step: int) -> bool:
    """True at 0, 10, 30, 100, 300, 1000, …: the moments whose samples are kept to look back on."""
    digits = str(step)
    return step == 0 or (step >= 10 and digits[0] in "13" and not digits[1:].strip("0"))


class Observer:
    """Looks at one trainer: at the network of now, or at one of its snapshots if the view says so.

    `view`, `hands` and `wants` (some of PARTS) may be replaced at any time.
    """

    def __init__(self, trainer: Trainer, view: View, hands: Hands = Hands()) -> None:  # noqa: B008  frozen
        self.trainer = trainer
        self.wants: frozenset[str] = frozenset()
        self.growth: list[tuple[int, str]] = []  # (step, sample) at log-spaced steps
        self.found: dict[str, Any] | None = None  # answer to the latest question
        self.checked: dict[str, Any] | None = None  # result of the latest gradient check
        self._outputs: dict[str, Any] = {}  # of the latest `refresh_outputs`, and its arrays
        self._output_arrays: dict[str, np.ndarray] = {}
        self._survey: dict[str, Any] = {}  # of the latest `refresh_survey`, and its arrays
        self._survey_arrays: dict[str, np.ndarray] = {}
        self._seen_step = -1  # of training, at the latest frame
        self._snapshot: Snapshot | None = None  # the one that is shown, else the network of now
        self._earlier: SequenceModel | None = None  # which lends its weights a network to be shown in
        self.view = view
        self.hands = hands

    @property
    def view(self) -> View:
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        """Prepare all that depends on the view alone, so that no frame has to."""
        before = getattr(self, "_view", None)
        if before is None or view.at != before.at:
            self.show(None if view.at is None else self.trainer.timeline.at(view.at))
        if before is None or view.layer != before.layer:
            self._rows = Rows()
        self._view = view
        task, model = self.trainer.task, self.trainer.config.model
        self._layer = min(view.layer, model.num_layers - 1)
        if before is None or (view.probe, view.probe_start) != (before.probe, before.probe_start):
            self._probe = read_probe(task, view)
            self._seen_step = -1
            if self.found:  # what it marks was on the probe before
                stretch = self.found["kind"] == "stretch"
                self.found = None if stretch else self.found | {"marks": None}
        self._meta: dict[str, Any] = {
            "kind": task.kind,
            "layer": self._layer,
            "num_layers": model.num_layers,
            "hidden_size": model.hidden_size,
            "labels": self._probe.labels,
            **self._probe.ticks(task),
        }
        self._arrays = dict(self._probe.arrays)
        if isinstance(task, TextTask):
            self._prompt, prompt_note = read_prompt(task, view)
            self._meta |= {
                "level": task.level,
                "default_probe": task.default_probe,
                "default_prompt": task.default_prompt,
                "prompt_note": prompt_note,
                "probe_note": self._probe.note,
            }
        else:
            axes, data = forecast_axes(task)
            self._arrays |= data
            self._meta |= axes | {
                "naive_rmse": task.naive_rmse,
                "unit": task.unit,
                "x_title": task.x_title,
                "x_type": "date" if task.x_title == "date" else "linear",
            }

    @property
    def model(self) -> SequenceModel:
        """The network that is shown: the one that trains, or an earlier one."""
        return self._earlier if self._snapshot and self._earlier else self.trainer.model

    @property
    def step(self) -> int:
        """Training step of the network that is shown."""
        return self._snapshot.step if self._snapshot else self.trainer.step_count

    def observe(self, meta: dict[str, Any]) -> Frame:
        """The frame of this moment: `meta` with what the trainer, the probe and the outputs add to it."""
        with torch.no_grad():
            embedded = self.model.embed(self._probe.inputs)
            signals = trace(self.model.lstm, embedded)
        matrices = {name: getattr(signals, name)[self._layer, :, 0].numpy() for name in SIGNALS}  # (T, H)
        limit = self._rows.c_limit(matrices["c"], alone=self._snapshot is not None)
        unit, units = self._choose_units(matrices["c"])
        last = len(self._probe.labels) - 1
        time = last if self.view.time is None else min(self.view.time, last)
        heatmaps = {name: matrix[:, units].T for name, matrix in matrices.items()}
        arrays = self._arrays | self._output_arrays
        labelled = range(0, len(units), max(1, len(units) // 8))  # rows that carry the unit's number
        signal = self.view.signal
        meta = meta | self._progress(arrays)
        meta |= {
            "units": units.tolist(),
            "unit_rows": list(labelled),
            "unit_labels": units[labelled].tolist(),
            "c_limit": limit,
            "selected": {
                "unit": unit,
                "time": time,
                "signal": signal,
                "token": self._probe.labels[time],
                "limit": limit if signal == "c" else 1.0,
            },
            "truth": truth(self.model.lstm, embedded, signals),
            "check": self.checked,
            "found": self.found,
            "hands": vars(self.hands),
        }
        if isinstance(self.trainer.task, TextTask):
            meta |= self._likeliest(self.trainer.task)
        if "unit" in self.wants:
            arrays |= {
                f"unit_{name}": matrix[:, unit].astype(np.float32) for name, matrix in matrices.items()
            }
            meta["cell"] = self._cell(embedded, signals, unit, time)
        if "survey" in self.wants and self._survey:
            meta["survey"] = self._survey
            arrays |= self._survey_arrays
        if "held" in self.wants:
            heatmaps |= self._held_heatmaps(embedded, signals, units)
        return Frame(self._meta | meta | self._outputs, arrays, heatmaps)

    def film(self) -> Iterator[Frame]:
        """A frame of every snapshot, first to last, in rows that suit the last one, which is then shown."""
        snapshots = self.trainer.timeline.snapshots
        self.show(snapshots[-1])
        self.observe({})
        for snapshot in snapshots:
            self.show(snapshot)
            self.refresh_outputs()
            yield self.observe({})

    def _progress(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """How training stands, or stood at the snapshot shown; adds the losses up to then to `arrays`."""
        trainer, task = self.trainer, self.trainer.task
        losses, valid_losses = trainer.losses, trainer.valid_losses
        now, step = self._snapshot or trainer, self.step
        if self._snapshot:
            losses, valid_losses = losses.upto(step), valid_losses.upto(step)
        arrays["loss_step"], arrays["loss"] = losses.arrays()
        arrays["valid_step"], arrays["valid"] = valid_losses.arrays()
        progress = {
            "step": step,
            "loss": now.loss,
            "valid_loss": now.valid_loss,
            "learning_rate": now.learning_rate,
            "tokens_per_step": trainer.knobs.batch_size * trainer.config.train.sequence_length,
            "history": trainer.timeline.steps,
            "at": self._snapshot.step if self._snapshot else None,
            "live_step": trainer.step_count,
        }
        if isinstance(task, TextTask):
            progress["growth"] = [(at, text) for at, text in self.growth if at <= step]
        else:
            progress["one_step_rmse"] = math.sqrt(now.valid_loss) * task.std
        return progress

    # -- what takes longer than a frame, so that the caller decides how often -----------------------------

    def refresh_outputs(self) -> None:
        """Sample or forecast anew; and once more under the hands, if somebody shows that."""
        task, model = self.trainer.task, self.model
        arrays: dict[str, np.ndarray] = {}
        outputs: dict[str, Any]
        if isinstance(task, TextTask):
            prompt, sample = written(model, task, self._prompt, self.view)
            outputs = {"prompt": prompt, "sample": sample}
        else:
            arrays["fit"], arrays["forecast"], rmse = forecast_lines(model, task)
            outputs = {"closed_rmse": rmse}
        if "held" in self.wants:
            outputs["held"] = self._held_outputs(arrays, outputs)
        self._outputs, self._output_arrays = outputs, arrays

    def _held_outputs(self, arrays: dict[str, np.ndarray], free: dict[str, Any]) -> dict[str, Any]:
        task, holds = self.trainer.task, self.holds
        losses = {"free_loss": self.trainer.validate(self.model)}
        losses["held_loss"] = self.trainer.validate(self.model, holds) if holds else losses["free_loss"]
        if isinstance(task, TextTask):
            prompt, sample = free["prompt"], free["sample"]
            if holds:
                prompt, sample = written(self.model, task, self._prompt, self.view, holds)
            likeliest = self._likeliest(task, holds)
            return losses | likeliest | {"prompt": prompt, "sample": sample, "free_sample": free["sample"]}
        arrays["held_fit"], arrays["held_forecast"] = arrays["fit"], arrays["forecast"]
        rmse = free["closed_rmse"]
        if holds:
            arrays["held_fit"], arrays["held_forecast"], rmse = forecast_lines(self.model, task, holds)
        return losses | {"closed_rmse": rmse}

    def refresh_survey(self) -> None:
        """Look at the chosen unit over held-out data anew."""
        with torch.no_grad():
            signals = trace(self.model.lstm, self.model.embed(self._probe.inputs))
        unit, _ = self._choose_units(signals.c[self._layer, :, 0].numpy())
        meta, arrays = survey(self.model, self.trainer.task, self._layer, unit, self.view.signal)
        self._survey, self._survey_arrays = meta | {"step": self.step}, arrays

    def find(self, question: Question) -> None:
        """Look for the units that answer a question; `found` then says which."""
        trainer = self.trainer
        untrained = copy.deepcopy(trainer.model)
        untrained.load_state_dict(trainer.timeline.at(0).weights)
        found = find_units(question, self.model, untrained, trainer.task, self._layer, self._probe.inputs)
        self.found = found | {"step": self.step, "layer": self._layer}

    def check(self) -> None:
        """Gradients by hand against autograd, on the probe; `checked` then says how far they differ."""
        inputs = self._probe.inputs
        # what follows each step; one token alone is followed by itself
        pair = (inputs[:-1], inputs[1:]) if len(inputs) > 1 else (inputs, inputs)
        self.checked = vars(gradient_check(self.model, *pair)) | {"step": self.step}

    def record_growth(self) -> None:
        """Keep a short sample of this moment, to be compared with later ones."""
        task = self.trainer.task
        if isinstance(task, TextTask):
            length = GROWTH_LENGTH[task.level]
            prompt, sample = written(self.trainer.model, task, self._prompt, self.view, length=length)
            self.growth.append((self.trainer.step_count, (prompt + sample).replace("\n", "↵")))

    def forget_growth(self, step: int) -> None:
        """Forget the samples of steps after `step`."""
        self.growth = [sample for sample in self.growth if sample[0] <= step]

    # -- parts of a frame ---------------------------------------------------------------------------------

    @property
    def holds(self) -> Holds | None:
        """What the hands hold in each layer, or None."""
        model = self.trainer.config.model
        return holds_of(self.hands, model.num_layers, model.hidden_size)

    def _cell(self, embedded: Tensor, signals: Trace, unit: int, time: int) -> dict[str, Any]:
        """The chosen unit at the chosen step: which it is, and all its numbers."""
        labels, layer = self._probe.labels, self._layer
        series = self.trainer.task.kind == "series"
        return {
            "unit": unit,
            "time": time,
            "layer": layer,
            "token": labels[time],
            "before": labels[time - 1] if time else "",
            "x_value": self._probe.inputs[time].item() if series else None,
            **cell_numbers(self.model.lstm, embedded, signals, layer, unit, time),
        }

    def _held_heatmaps(self, embedded: Tensor, free: Trace, units: np.ndarray) -> dict[str, np.ndarray]:
        holds = self.holds
        with torch.no_grad():
            signals = held_trace(self.model.lstm, embedded, holds) if holds else free
        return {
            f"held_{name}": getattr(signals, name)[self._layer, :, 0, units].numpy().T for name in SIGNALS
        }

    def _likeliest(self, task: TextTask, holds: Holds | None = None) -> dict[str, Any]:
        tokens, probabilities = next_tokens(self.model, self._prompt, holds=holds)
        return {"next": [task.display(token) for token in tokens], "next_p": probabilities.tolist()}

    def show(self, snapshot: Snapshot | None) -> None:
        """From now on show the network of `snapshot`. It stays, even if the timeline leaves it out later."""
        self._snapshot = snapshot
        if snapshot:
            self._earlier = self._earlier or copy.deepcopy(self.trainer.model)
            self._earlier.load_state_dict(snapshot.weights)

    def _choose_units(self, c: np.ndarray) -> tuple[int, np.ndarray]:
        """The chosen unit, and those in the heatmaps, ascending, for c (T, H)."""
        step = self.trainer.step_count
        fresh, still = step == 0, step == self._seen_step or self._snapshot is not None
        self._seen_step = step
        unit = self._rows.unit(c, self.view.unit, fresh)
        if self.view.units == "all":
            return unit, np.arange(c.shape[1])
        return unit, self._rows.units(c, unit, fresh, still)
