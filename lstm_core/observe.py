"""What a viewer sees of a trainer: the probe's gates and states, the losses, and what the network makes.

An observer only looks. It draws no number from the training stream and changes no weight.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_core.config import View
from lstm_core.frame import Frame
from lstm_core.generate import forecast, next_tokens, sample_text
from lstm_core.tasks import SeriesTask, TextTask
from lstm_core.tasks.tokens import normalise, split
from lstm_core.trace import trace
from lstm_core.trainer import Trainer

PROBE_LIMIT = 128  # tokens or values in the heatmaps
SERIES_PROBE = 48  # values in the stretch that is shown
PROMPT_LIMIT = 200  # tokens of a prompt that are read; earlier ones are left out
SAMPLE_LENGTH = {"characters": 240, "words": 60}  # tokens
LABELS = {"characters": 64, "words": 32}  # above the heatmap, before they run into each other
GROWTH_LENGTH = {"characters": 60, "words": 14}
UNITS_SHOWN = 32  # when only the most active ones are asked for
CONTEXT = 128  # known values before a forecast
HORIZON = 96  # forecast steps of a series without a known period
SIGNALS = "cifgoh"
C_LIMITS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 200.0)


def is_growth_step(step: int) -> bool:
    """True at 0, 10, 30, 100, 300, 1000, …: the moments whose samples are kept to look back on."""
    digits = str(step)
    return step == 0 or (step >= 10 and digits[0] in "13" and not digits[1:].strip("0"))


def shortened(label: str) -> str:
    """A label that fits above a column: eight letters of a long word."""
    return label if len(label) <= 9 else label[:8] + "…"


def left_out(task: TextTask, typed: str, tokens: list[int], kept: str, limit: int) -> str:
    """What of a typed text the network does not read, in a few words; "" if it reads all of it."""
    lost = len(split(normalise(typed), task.level)) - len(tokens)
    notes = [f"{lost} that the text never uses are left out"] if lost > 0 else []
    notes += [f"only the {kept} {task.level} are read"] if len(tokens) > limit else []
    return "; ".join(notes)


class Observer:
    """Looks at one trainer. `view` may be replaced at any time."""

    def __init__(self, trainer: Trainer, view: View) -> None:
        self.trainer = trainer
        self.outputs: dict[str, Any] = {}  # scalars and texts of the latest `refresh_outputs`
        self.output_arrays: dict[str, np.ndarray] = {}
        self.growth: list[tuple[int, str]] = []  # (step, sample) at log-spaced steps
        self._shown = np.empty(0, dtype=np.int64)  # units in the heatmaps, ascending
        self._c_limit = C_LIMITS[0]
        self.view = view

    @property
    def view(self) -> View:
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        """Prepare all that depends on the view alone, so that no frame has to."""
        self._view = view
        task, model = self.trainer.task, self.trainer.config.model
        self._layer = min(view.layer, model.num_layers - 1)
        self._inputs, labels, self._probe_arrays, probe_note = self._probe()
        # numbers side by side would run into each other
        stride = -(-len(labels) // LABELS[task.level]) if isinstance(task, TextTask) else 8
        steps = list(range(0, len(labels), stride))
        self._meta: dict[str, Any] = {
            "kind": task.kind,
            "layer": self._layer,
            "num_layers": model.num_layers,
            "hidden_size": model.hidden_size,
            "labels": labels,
            "tick_steps": steps,
            "ticks": [shortened(labels[step]) if task.kind == "text" else labels[step] for step in steps],
        }
        if isinstance(task, TextTask):
            self._prompt, prompt_note = self._read_prompt(task)
            self._meta |= {
                "level": task.level,
                "default_probe": task.default_probe,
                "default_prompt": task.default_prompt,
                "prompt_note": prompt_note,
                "probe_note": probe_note,
            }
        else:
            self._meta |= {
                "naive_rmse": task.naive_rmse,
                "unit": task.unit,
                "x_title": task.x_title,
                "x_type": "date" if task.x_title == "date" else "linear",
            }

    def observe(self, meta: dict[str, Any]) -> Frame:
        """The frame of this moment: `meta` with what the trainer, the probe and the outputs add to it."""
        trainer, task = self.trainer, self.trainer.task
        with torch.no_grad():
            signals = trace(trainer.model.lstm, trainer.model.embed(self._inputs))
        matrices = {name: getattr(signals, name)[self._layer, :, 0].numpy() for name in SIGNALS}  # (T, H)
        units = self._choose_units(matrices["c"])
        arrays = {name: matrix[:, units].T.astype(np.float16) for name, matrix in matrices.items()}
        arrays |= self._probe_arrays | self.output_arrays
        arrays["loss_step"], arrays["loss"] = trainer.losses.arrays()
        arrays["valid_step"], arrays["valid"] = trainer.valid_losses.arrays()
        labelled = range(0, len(units), max(1, len(units) // 8))  # rows that carry the unit's number
        meta = meta | {
            "step": trainer.step_count,
            "loss": trainer.loss,
            "valid_loss": trainer.valid_loss,
            "learning_rate": trainer.learning_rate,
            "tokens_per_step": trainer.knobs.batch_size * trainer.config.train.sequence_length,
            "units": units.tolist(),
            "unit_rows": list(labelled),
            "unit_labels": units[labelled].tolist(),
            "c_limit": self._limit(matrices["c"]),
        }
        if isinstance(task, TextTask):
            tokens, probabilities = next_tokens(trainer.model, self._prompt)
            meta["next"] = [task.display(token) for token in tokens]
            meta["next_p"] = probabilities.tolist()
            meta["growth"] = self.growth
        else:
            meta["one_step_rmse"] = math.sqrt(trainer.valid_loss) * task.std
        return Frame(self._meta | meta | self.outputs, arrays)

    def refresh_outputs(self) -> None:
        """Sample or forecast anew. Takes longer than a frame, so the caller decides how often."""
        task = self.trainer.task
        if isinstance(task, TextTask):
            sample = self._sample(task, SAMPLE_LENGTH[task.level])
            # the joint between prompt and sample may need a space, or none, so both are decoded together
            head, whole = task.decode(self._prompt), task.decode(self._prompt + sample)
            self.outputs = {"prompt": head, "sample": whole[len(head) :]}
        else:
            self.outputs, self.output_arrays = self._forecast(task)

    def record_growth(self) -> None:
        """Keep a short sample of this step for the list that shows how the writing grew."""
        task = self.trainer.task
        if isinstance(task, TextTask):
            sample = self._sample(task, GROWTH_LENGTH[task.level])
            text = task.decode(self._prompt + sample)
            self.growth.append((self.trainer.step_count, "".join("↵" if c == "\n" else c for c in text)))

    def forget_growth(self, step: int) -> None:
        """Forget the samples after `step`, to which training has gone back."""
        self.growth = [entry for entry in self.growth if entry[0] <= step]

    def _sample(self, task: TextTask, length: int) -> list[int]:
        view = self.view
        return sample_text(self.trainer.model, self._prompt, length, view.temperature, view.top_k, view.seed)

    def _read_prompt(self, task: TextTask) -> tuple[list[int], str]:
        """Tokens of the prompt, at least one, and a sentence if they are not what was typed."""
        typed = task.default_prompt if self.view.prompt is None else self.view.prompt
        tokens = task.encode(typed)
        if tokens:
            return tokens[-PROMPT_LIMIT:], left_out(task, typed, tokens, f"last {PROMPT_LIMIT}", PROMPT_LIMIT)
        start = task.encode("\n") or [0]
        why = "The text never uses these characters" if typed else "The prompt is empty"
        return start, f"{why}, so the network starts from “{task.display(start[0])}”."

    def _probe(self) -> tuple[Tensor, list[str], dict[str, np.ndarray], str]:
        """What the heatmaps read: (T, 1) tokens or (T, 1, 1) values; labels of its steps; arrays; a note."""
        task = self.trainer.task
        if isinstance(task, SeriesTask):
            length = min(SERIES_PROBE, len(task.values))
            start = round(self.view.probe_start * (len(task.values) - length))
            window = slice(start, start + length)
            labels = [str(x) for x in task.x[window]]
            values = task.values[window].astype(np.float32)
            return task.scaled[window, None, None], labels, {"probe": values}, ""
        typed = task.default_probe if self.view.probe is None else self.view.probe
        tokens = task.encode(typed)
        note = left_out(task, typed, tokens, f"first {PROBE_LIMIT}", PROBE_LIMIT)
        if not tokens:
            why = "the text never uses these characters" if typed else "nothing is typed"
            note = f"{why}, so that its own words are shown"
            tokens = task.encode(task.default_probe) or [0]
        tokens = tokens[:PROBE_LIMIT]
        return torch.tensor(tokens)[:, None], [task.display(token) for token in tokens], {}, note

    def _choose_units(self, c: np.ndarray) -> np.ndarray:
        """Units to show for c (T, H). The choice is sticky: rows that come and go cannot be followed."""
        hidden = c.shape[1]
        if self.view.units == "all" or hidden <= UNITS_SHOWN:
            return np.arange(hidden)
        activity = c.std(axis=0)
        if len(self._shown) != UNITS_SHOWN or self.trainer.step_count == 0:
            self._shown = np.sort(np.argsort(-activity)[:UNITS_SHOWN])
        shown = np.zeros(hidden, dtype=bool)
        shown[self._shown] = True
        weakest = np.where(shown, activity, np.inf).argmin()
        strongest = np.where(shown, -np.inf, activity).argmax()
        if activity[strongest] > 2 * activity[weakest]:
            self._shown = np.sort(np.where(self._shown == weakest, strongest, self._shown))
        return self._shown

    def _limit(self, c: np.ndarray) -> float:
        """End of the colour scale of c: a round number, sticky. A few strong units may go beyond it."""
        place = int(0.9 * c.size)
        reach = float(np.partition(np.abs(c), place, axis=None)[place])
        if not self._c_limit / 2 < reach <= self._c_limit:
            self._c_limit = next((limit for limit in C_LIMITS if reach <= limit), C_LIMITS[-1])
        return self._c_limit

    def _forecast(self, task: SeriesTask) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """One-step-ahead fit and closed-loop forecast around the start of the validation part."""
        wanted = round(3 * task.period) if task.period else HORIZON
        first, end = max(0, task.split - CONTEXT), min(len(task.values), task.split + min(wanted, 300))
        known = task.scaled[first : task.split, None]
        fit, ahead = forecast(self.trainer.model, known, end - task.split)
        ahead, truth = task.unscale(ahead), task.values[task.split : end]
        outputs = {
            "x": [x if isinstance(x, str) else float(x) for x in task.x[first:end]],
            "forecast_x": [x if isinstance(x, str) else float(x) for x in task.x[task.split : end]],
            "closed_rmse": float(np.sqrt(np.mean((ahead - truth) ** 2))),
        }
        # the prediction of the first known value does not exist; the last one is the forecast's first
        arrays = {
            "data": task.values[first:end].astype(np.float32),
            "fit": np.concatenate([[np.nan], task.unscale(fit[:-1])]).astype(np.float32),
            "forecast": ahead.astype(np.float32),
        }
        return outputs, arrays
