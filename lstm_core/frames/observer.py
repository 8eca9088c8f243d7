"""What a viewer sees of a trainer: the probe's gates and states, the losses, and what the network makes.

An observer only looks. It draws no number from the training stream and changes no weight.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from lstm_core.analysis.activations import survey
from lstm_core.analysis.question import Question
from lstm_core.analysis.unit_search import find_units
from lstm_core.config import SIGNALS, Hands, View
from lstm_core.frames.comparison import Comparison
from lstm_core.frames.frame import Frame
from lstm_core.frames.outputs import (
    filled,
    likeliest_next,
    make_outputs,
)
from lstm_core.frames.progress import progress
from lstm_core.frames.sample_log import Growth, growth_sample, growth_tree, read_growth
from lstm_core.frames.unit_selection import Rows, chosen_numbers
from lstm_core.frames.view_state import make_scene
from lstm_core.nn.backward import gradient_check
from lstm_core.nn.cell import Holds
from lstm_core.nn.interventions import holds_of
from lstm_core.nn.model import SequenceModel
from lstm_core.nn.trace import AnyTrace, held_trace, trace
from lstm_core.serialization.reader import Reader
from lstm_core.tasks import MemoryTask, SeriesTask, TextTask
from lstm_core.training.snapshots import Snapshot
from lstm_core.training.trainer import Trainer

NEXT_EVERY = 0.2  # seconds after which the network is asked again what it expects after the prompt


class Observer:
    """Looks at one trainer: at the network of now, or at one of its snapshots if the view says so.

    `view`, `hands` and `wants` (some of the PARTS of frame.py) may be replaced at any time.
    """

    def __init__(self, trainer: Trainer, view: View, hands: Hands = Hands()) -> None:  # noqa: B008  frozen
        assert not isinstance(trainer.task, MemoryTask), "a memory task has neither a probe nor outputs"
        self.trainer = trainer
        self.task: TextTask | SeriesTask = trainer.task
        self.wants: frozenset[str] = frozenset()
        self.growth: Growth = []  # at log-spaced steps
        self.found: dict[str, Any] | None = None  # answer to the latest question
        self.checked: dict[str, Any] | None = None  # result of the latest gradient check
        self._outputs: dict[str, Any] = {}  # of the latest `refresh_outputs`, and its arrays
        self._output_arrays: dict[str, np.ndarray] = {}
        self._survey: dict[str, Any] = {}  # of the latest `refresh_survey`, and its arrays
        self._survey_arrays: dict[str, np.ndarray] = {}
        self._next: dict[str, Any] | None = None  # what is expected after the prompt, until that is due again
        self._truth = Comparison()
        self._rows = Rows()
        self._seen_step = -1  # of training, at the latest frame
        self._past: tuple[Snapshot, SequenceModel] | None = None  # what is shown, else the network of now
        self._view = replace(view, at=None)
        self.scene = make_scene(self.task, trainer.config.model, view)
        self.view = view
        self.hands = hands

    @property
    def view(self) -> View:
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        """Prepare all that depends on the view alone, so that no frame has to."""
        before, self._view = self._view, view
        if view.at != before.at:
            self.show(None if view.at is None else self.trainer.timeline.at(view.at))
        if view.layer != before.layer:
            self._rows = Rows()
        same = (view.probe, view.probe_start) == (before.probe, before.probe_start)
        probe = self.scene.probe if same else None
        self.scene = make_scene(self.task, self.trainer.config.model, view, probe)
        if view.prompt != before.prompt:
            self._next = None
        if not same:
            self._seen_step = -1
            self._truth.forget()
            if self.found:  # what it marks was on the probe before
                stretch = self.found["kind"] == "stretch"
                self.found = None if stretch else self.found | {"marks": None}

    # -- which network is shown ---------------------------------------------------------------------------

    @property
    def model(self) -> SequenceModel:
        """The network that is shown: the one that trains, or an earlier one."""
        return self._past[1] if self._past else self.trainer.model

    @property
    def step(self) -> int:
        """Training step of the network that is shown."""
        return self._past[0].step if self._past else self.trainer.step_count

    def show(self, snapshot: Snapshot | None) -> None:
        """From now on show the network of `snapshot`. It stays, even if the timeline leaves it out later."""
        self._past = (snapshot, self._network_of(snapshot)) if snapshot else None
        self._next = None
        self._truth.forget()

    def _network_of(self, snapshot: Snapshot) -> SequenceModel:
        network = copy.deepcopy(self.trainer.model)
        network.load_state_dict(snapshot.weights)
        return network

    def film(self) -> Iterator[Frame]:
        """A frame of every snapshot, first to last, in rows that suit the last one, which is then shown."""
        snapshots = self.trainer.timeline.snapshots
        self.show(snapshots[-1])
        self.observe({})
        for snapshot in snapshots:
            self.show(snapshot)
            self.refresh_outputs()
            yield self.observe({})

    # -- a frame ------------------------------------------------------------------------------------------

    @torch.no_grad()
    def observe(self, meta: dict[str, Any]) -> Frame:
        """The frame of this moment: `meta` with what the trainer, the probe and the outputs add to it."""
        scene = self.scene
        embedded = self.model.embed(scene.probe.inputs)
        signals = trace(self.model.core, embedded)
        matrices = self._matrices(signals)
        memory = matrices[scene.memory]
        limit = self._rows.c_limit(memory, alone=self._past is not None) if scene.memory == "c" else 1.0
        unit, units = self._choose_units(memory)
        last = len(scene.probe.labels) - 1
        time = last if self.view.time is None else min(self.view.time, last)
        heatmaps = {name: matrix[:, units].T for name, matrix in matrices.items()}
        arrays = scene.arrays | self._output_arrays
        labelled = range(0, len(units), max(1, len(units) // 8))  # rows that carry the unit's number
        stands, losses = progress(self.trainer, self._past[0] if self._past else None, self.growth)
        arrays |= losses
        meta = meta | stands | self._outputs
        now = self._outputs.get("held")
        if now and now["step"] == self.step:  # one network has one loss, and the last validation is older
            meta["valid_loss"] = now["free_loss"]
        meta |= {
            "units": units.tolist(),
            "unit_rows": list(labelled),
            "unit_labels": units[labelled].tolist(),
            "c_limit": limit,
            "selected": {
                "unit": unit,
                "time": time,
                "signal": scene.signal,
                "token": scene.probe.labels[time],
                "limit": limit if scene.signal == "c" else 1.0,
            },
            "truth": self._truth.of(self.model.core, embedded, signals, self.step),
            "check": self.checked,
            "found": self.found,
            "hands": vars(self.hands),
        }
        meta |= self._expected(signals, time, meta)
        if "unit" in self.wants:
            arrays |= {
                f"unit_{name}": matrix[:, unit].astype(np.float32) for name, matrix in matrices.items()
            }
            meta["numbers"] = chosen_numbers(scene, self.model.core, embedded, signals, unit, time)
        if "survey" in self.wants and self._survey:
            meta["survey"] = self._survey
            arrays |= self._survey_arrays
        if "held" in self.wants:
            holds = self.holds
            held = held_trace(self.model.core, embedded, holds) if holds else signals
            heatmaps |= {f"held_{name}": matrix[:, units].T for name, matrix in self._matrices(held).items()}
            if "held" in meta and scene.probe.gaps:
                meta["held"] = meta["held"] | self._expected(held, time, meta["held"])
        return Frame(scene.meta | meta, arrays, heatmaps)

    @property
    def holds(self) -> Holds | None:
        """What the hands hold in each row, or None."""
        return holds_of(self.hands, self.trainer.config.model)

    def _matrices(self, signals: AnyTrace) -> dict[str, np.ndarray]:
        """Every signal of the row that is shown, (T, H)."""
        cell = self.trainer.config.model.cell
        return {name: getattr(signals, name)[self.scene.row, :, 0].numpy() for name in SIGNALS[cell]}

    def _choose_units(self, memory: np.ndarray) -> tuple[int, np.ndarray]:
        """The chosen unit, and those in the heatmaps, ascending, for the memory (T, H)."""
        step = self.trainer.step_count
        fresh, still = step == 0, step == self._seen_step or self._past is not None
        self._seen_step = step
        unit = self._rows.unit(memory, self.view.unit, fresh)
        if self.view.units == "all":
            return unit, np.arange(memory.shape[1])
        return unit, self._rows.units(memory, unit, fresh, still)

    def _expected(self, signals: AnyTrace, time: int, outputs: dict[str, Any]) -> dict[str, Any]:
        """What the network expects after the prompt, or in the gaps of the probe."""
        if not isinstance(self.task, TextTask):
            return {}
        if self.task.goal == "next":
            self._next = self._next or likeliest_next(self.model, self.task, self.scene.prompt)
            return self._next
        shown = filled(self.task, self.scene.probe, self.model.head(signals.output)[:, 0], time)
        slow = outputs.get("filled", {"valid_accuracy": None})
        return shown | {"filled": shown["filled"] | slow}

    # -- what takes longer than a frame, so that the caller decides how often -----------------------------

    def refresh(self, part: str) -> None:
        """Make a part of the frames anew: "outputs", "survey", "next" or "truth"."""
        parts = {
            "outputs": self.refresh_outputs,
            "survey": self.refresh_survey,
            "next": self.refresh_next,
            "truth": self.refresh_truth,
        }
        parts[part]()

    def refresh_next(self) -> None:
        """The next frame shall say anew what the network expects after the prompt."""
        self._next = None

    def refresh_truth(self) -> None:
        """Compare all that the next frame shows with what torch computes; see comparison.py."""
        self._truth.forget()

    def refresh_outputs(self) -> None:
        """Write, fill or forecast anew; and once more under the hands, if somebody shows that. The next frame
        says with it what is expected after the prompt.
        """
        self._next = None
        self._outputs, self._output_arrays = make_outputs(
            self.trainer,
            self.model,
            self.scene.prompt,
            self.scene.prompt_text,
            self.view,
            self.holds,
            both="held" in self.wants,
        )
        if "held" in self._outputs:
            self._outputs["held"]["step"] = self.step

    @torch.no_grad()
    def refresh_survey(self) -> None:
        """Look at the chosen unit over held-out data anew."""
        signals = trace(self.model.core, self.model.embed(self.scene.probe.inputs))
        unit, _ = self._choose_units(self._matrices(signals)[self.scene.memory])
        meta, arrays = survey(self.model, self.task, self.scene.row, unit, self.scene.signal)
        self._survey, self._survey_arrays = meta | {"step": self.step}, arrays

    def find(self, question: Question) -> None:
        """Look for the units that answer a question; `found` then says which."""
        untrained = self._network_of(self.trainer.timeline.at(0))
        row, probe = self.scene.row, self.scene.probe
        found = find_units(question, self.model, untrained, self.task, row, probe.inputs, probe.true)
        self.found = found | {"step": self.step, "layer": row}

    def check(self) -> None:
        """Gradients against autograd, on the probe; `checked` then says how far they differ."""
        self.checked = vars(gradient_check(self.model, *self.scene.probe.lesson())) | {"step": self.step}

    def record_growth(self) -> None:
        """Keep a short sample of this moment, or how it fills the probe, to be compared with later ones."""
        if isinstance(self.task, TextTask):
            text = growth_sample(self.task, self.trainer.model, self.scene, self.view)
            self.growth.append((self.trainer.step_count, text))

    def forget_growth(self, step: int) -> None:
        """Forget the samples of steps after `step`."""
        self.growth = [sample for sample in self.growth if sample[0] <= step]

    def state(self) -> dict[str, Any]:
        """The samples to look back on, and what is sticky in the heatmaps, as a tree."""
        rows = self._rows.state()
        return {"growth": growth_tree(self.growth), "rows": rows, "seen_step": self._seen_step}

    def load(self, state: dict[str, Any]) -> None:
        """Become what `state` was, of an observer with the same view.

        Raises ValueError, one sentence, for what cannot be such a state.
        """
        reader = Reader(state, "observer")
        growth = read_growth(reader.take("growth"), self.trainer.step_count)
        seen = reader.count("seen_step", -1)
        self._rows.load(reader.take("rows"), self.trainer.config.model.hidden_size)
        reader.end()
        self.growth, self._seen_step = growth, seen
