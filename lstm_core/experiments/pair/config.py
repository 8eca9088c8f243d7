"""The settings of a pair: those of one run, and the one in which the other differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lstm_core.config import (
    MEMORY,
    SIGNALS,
    WORK_LIMIT,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.experiments.pair.differences import DIFFERENCES


@dataclass(frozen=True)
class PairConfig:
    """The left side is a run of `task` … `view`; the right one has `value` instead for the setting `differs`.

    differs: a name of DIFFERENCES, "model.cell" or "task", say. The live settings are those of both sides,
    but a knob in which they differ is that of the left one.

    Raises ValueError when a side cannot be, when both would be the same (unless a knob is dragged there, for
    a moment), and when one step of both would take too long.
    """

    task: TextConfig | SeriesConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    knobs: Knobs = Knobs()
    view: View = View()
    differs: str = "model.cell"
    value: Any = "gru"

    def __post_init__(self) -> None:
        if self.differs not in DIFFERENCES:
            raise ValueError(f"differs is {self.differs!r}; it must be one of {', '.join(DIFFERENCES)}.")
        if isinstance(self.task, MemoryConfig):
            raise ValueError(
                "a pair learns a text or a series; for what has to be remembered there is a race."
            )
        left, right = self.left, self.right
        if type(left.task) is not type(right.task):
            raise ValueError("one side learns a text and the other one a series: choose two of one kind.")
        if left == right and not self.differs.startswith("knobs."):
            label, words = DIFFERENCES[self.differs].label, self.names[0]
            raise ValueError(
                f"Both sides have the same {label.lower()}, {words}: choose another one for the right side."
            )
        if self.step_work > WORK_LIMIT:
            raise ValueError(
                "One step of these two networks together would take seconds: choose a smaller batch size, "
                "fewer units or layers, or shorter sequences."
            )

    @property
    def left(self) -> RunConfig:
        # units of all sizes beside each other, and never the past: a pair has no time machine
        view = replace(self.view, units="active", at=None)
        return RunConfig(self.task, self.model, self.train, self.knobs, view)

    @property
    def right(self) -> RunConfig:
        section, _, name = self.differs.partition(".")
        value = replace(getattr(self, section), **{name: self.value}) if name else self.value
        return replace(self.left, **{section: value})

    @property
    def sides(self) -> tuple[RunConfig, RunConfig]:
        """Left and right, each as a run of its own."""
        return self.left, self.right

    @property
    def names(self) -> tuple[str, str]:
        """What the sides are called: the values in which they differ."""
        section, _, name = self.differs.partition(".")
        left, right = (getattr(side, section) for side in self.sides)
        words = DIFFERENCES[self.differs].words
        return words(getattr(left, name) if name else left), words(getattr(right, name) if name else right)

    @property
    def signal(self) -> str:
        """What the heatmaps show: of the signals that both cells have, the chosen one or else the first."""
        shared = shared_signals(*(side.model.cell for side in self.sides))
        return self.view.signal if self.view.signal in shared else shared[0]

    @property
    def network(self) -> tuple[object, ...]:
        """What asks for new networks when it differs."""
        return self.task, self.model, self.train, self.differs, self.value

    @property
    def step_work(self) -> int:
        """Multiply-adds of the recurrent layers in the forward pass of one training step of both."""
        return sum(side.step_work for side in self.sides)


def shared_signals(left: str, right: str) -> list[str]:
    """The gates and states that two kinds of cell both have; what both remember in first, or else h."""
    both = [signal for signal in SIGNALS[left] if signal in SIGNALS[right]]
    first = MEMORY[left] if MEMORY[left] == MEMORY[right] else "h"
    return [first, *(signal for signal in both if signal != first)]
