"""A pair: two runs that differ in exactly one setting, step by step side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import torch

from lstm_core.config import ModelConfig
from lstm_core.experiments.experiment import NEXT, TRUTH, Part
from lstm_core.experiments.network import OUTPUT_VIEW
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.pair.differences import DIFFERENCES
from lstm_core.experiments.pair.side import Side, row_name
from lstm_core.experiments.pair.verdict import FIRST, RECENT, apart, observation, standing
from lstm_core.frames.frame import Frame
from lstm_core.frames.observer import Observer
from lstm_core.serialization.reader import Reader
from lstm_core.training.trainer import EARLY_VALIDATIONS, VALIDATE_EVERY

# of the right side's meta, what no frame holds as right_…: it is there once, or of a single network only
LEFT_OUT = frozenset({"truth", "check", "found", "hands", "selected", "history", "growth", "at", "live_step"})
# the step of the last of the validations that a first sentence needs
FIRST_VERDICT = [
    step
    for step in range(FIRST, (RECENT + 1) * VALIDATE_EVERY)
    if step in EARLY_VALIDATIONS or step % VALIDATE_EVERY == 0
][RECENT - 1]


class Pair:
    """Two networks in lockstep, each with its observer: left and right. (A `Subject`.)

    Both begin with equal weights wherever the parameters have the same name and shape, and see the same
    batches as long as seed, data, batch size, length and noise agree. A side whose loss is no longer finite
    stands still, at the last good weights; the other one goes on.
    """

    parts: ClassVar = {
        "outputs": Part(share=0.02, shortest=0.1, longest=1.5, shared=5.0, spread=0.5),
        "next": NEXT,
        "truth": TRUTH,
    }

    def __init__(self, config: PairConfig) -> None:
        self.wants: frozenset[str] = frozenset()
        self.config = config
        window = max(side.train.sequence_length for side in config.sides)
        self.sides = tuple(Side(side, window) for side in config.sides)
        self.observers = tuple(Observer(side, side.config.view) for side in self.sides)
        left, right = (dict(side.model.named_parameters()) for side in self.sides)
        both = [name for name in left if name in right and left[name].shape == right[name].shape]
        self.akin = {name for name in both if torch.equal(left[name], right[name])}  # that began equal
        self.changed = 0  # step at which the left side's knob, in which they differ, was moved last
        self._look()

    @property
    def step_count(self) -> int:
        return max(side.step_count for side in self.sides)

    @property
    def diverged(self) -> str | None:
        """Only when both have."""
        stopped = [side.stopped for side in self.sides]
        if None in stopped:
            return None
        both = " and ".join(
            f"“{name}” at step {at:,}" for name, at in zip(self.config.names, stopped, strict=True)
        )
        return f"Training diverged: {both}. Lower the learning rate or the clip, then press Reset."

    def change(self, config: PairConfig, kind: str, name: str) -> Iterable[str]:
        self.config = config
        for side, run in zip(self.sides, config.sides, strict=True):
            side.knobs = run.knobs
        if kind == "knob":
            self.changed = self.step_count if f"knobs.{name}" == config.differs else self.changed
            return ()
        self._look()
        return ("outputs",) if name in (*OUTPUT_VIEW, "probe") else ()

    def step(self) -> None:
        """One step of each side that has not diverged."""
        for side in self.sides:
            if side.stopped is None:
                side.step()

    def refresh(self, part: str) -> None:
        for observer in self.observers:
            observer.refresh(part)

    def _look(self) -> None:
        """Both read the same, and show the same units if they have equally many."""
        left, right = self.observers
        left.view, view = (side.view for side in self.config.sides)
        task = left.trainer.task
        if task.kind == "text":
            view = replace(
                view,
                probe=task.default_probe if view.probe is None else view.probe,
                prompt=task.default_prompt if view.prompt is None else view.prompt,
            )
        if self._equal("hidden_size"):
            view = replace(view, units="all")
        right.view = view

    def _equal(self, name: str) -> bool:
        left, right = (getattr(side.model, name) for side in self.config.sides)
        return bool(left == right)

    def observe(self, meta: dict[str, Any]) -> Frame:
        """The left side as a single network's frame, of heatmaps only the one that is shown; the right side's
        as right_…; and right − left as delta_…, where their units and steps are as many.
        """
        left, right = (observer.observe({}) for observer in self.observers)
        signal = self.config.signal
        here, there = left.heatmaps[signal], right.heatmaps[signal]
        if self._equal("hidden_size"):
            there = there[left.meta["units"]]
            right.meta.update({name: left.meta[name] for name in ("units", "unit_rows", "unit_labels")})
        differ, note = self._beside(left, right)
        heatmaps = {signal: here, f"right_{signal}": there}
        if differ:
            heatmaps[f"delta_{signal}"] = there - here
        arrays = left.arrays | {f"right_{name}": array for name, array in right.arrays.items()}
        other = {f"right_{name}": right.meta[name] for name in right.meta.keys() - LEFT_OUT}
        meta = meta | left.meta | other
        meta |= {
            "experiment": "pair",
            "question": DIFFERENCES[self.config.differs].question,
            "observation": self._observation(),
            "awaits": f"after {RECENT} validations, at step {FIRST_VERDICT}.",
            "step": self.step_count,
            "differs": DIFFERENCES[self.config.differs].label,
            "left_name": self.config.names[0],
            "right_name": self.config.names[1],
            "shown": signal,
            "limit": max(left.meta["c_limit"], right.meta["c_limit"]) if signal == "c" else 1.0,
            "delta": differ,
            "delta_note": note,
            "parameters": [side.parameters_count for side in self.sides],
            "milliseconds": [side.milliseconds for side in self.sides],
            "stopped": [side.stopped for side in self.sides],
        }
        return Frame(meta, arrays, heatmaps)

    def state(self) -> dict[str, Any]:
        sides = [side.state() for side in self.sides]
        observers = [observer.state() for observer in self.observers]
        return {"sides": sides, "observers": observers, "changed": self.changed}

    def load(self, state: dict[str, Any]) -> None:
        reader = Reader(state, "pair")
        for side, saved in zip(self.sides, reader.items("sides", 2, 2), strict=True):
            side.load(saved)
        for observer, saved in zip(self.observers, reader.items("observers", 2, 2), strict=True):
            observer.load(saved)
        self.changed = reader.count("changed", 0, self.step_count)
        reader.end()

    def _beside(self, left: Frame, right: Frame) -> tuple[bool, str]:
        """Whether there is a difference to show; and what it means, or why there is none."""
        one, two = (side.model for side in self.config.sides)
        if one.hidden_size != two.hidden_size:
            units = f"{one.hidden_size} units beside {two.hidden_size}"
            return False, f"{units}: unit 3 here has nothing to do with unit 3 there."
        rows = row_name(one, left.meta["layer"]), row_name(two, right.meta["layer"])
        if rows[0] != rows[1]:
            return False, "Another layer stands on the other side: its units have nothing to do with these."
        if left.meta["labels"] != right.meta["labels"]:
            return False, "The sides do not read the same: step 3 here is not step 3 there."
        if not self._began_equal(one, left.meta["layer"]):
            return (
                False,
                "They began with different weights: unit 3 here has nothing to do with unit 3 there.",
            )
        return True, "Both began with the same weights: what differs has been learnt."

    def _began_equal(self, model: ModelConfig, row: int) -> bool:
        """Whether the units of a row began as the same ones: with the same weights, but for biases, in this
        row and in all that it reads, the embedding and the layers below.
        """
        below = range(row // model.directions * model.directions)
        names = [
            f"core.weight_{kind}_{row_name(model, one)}" for one in (*below, row) for kind in ("ih", "hh")
        ]
        embedded = ["embedding.weight"] if self.sides[0].model.embedding is not None else []
        return self.akin.issuperset([*names, *embedded])

    def _observation(self) -> str:
        one, two = self.config.sides
        names, stopped = self.config.names, [side.stopped for side in self.sides]
        for name, other, at in zip(names, names[::-1], stopped, strict=True):
            if at is not None and not self.diverged:
                return f"“{name}” diverged at step {at:,}: its loss was no longer finite. “{other}” goes on."
        now = standing(*(side.valid_losses.points for side in self.sides))
        if one.task != two.task:
            levels = [getattr(run.task, "level", "").removesuffix("s") for run in (one, two)]
            return apart(names, now, one.kind, levels)
        milliseconds = (self.sides[0].milliseconds, self.sides[1].milliseconds)
        unit = " nats" if one.kind == "text" else ""
        said = observation(names, now, unit, self.config.differs == "train.seed", milliseconds)
        label = DIFFERENCES[self.config.differs].label
        if said and self.changed:
            said += f" The left side's {label.lower()} was changed at step {self.changed:,}."
        return said
