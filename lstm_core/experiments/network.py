"""Network: a single network as the subject of a run, with its time machine, its hands and its questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from lstm_core.config import RunConfig
from lstm_core.experiments.experiment import NEXT, TRUTH, Part
from lstm_core.frames.frame import Frame
from lstm_core.frames.observer import Observer
from lstm_core.frames.sample_log import Growth, growth_tree, is_growth_step, read_growth
from lstm_core.serialization.reader import Reader
from lstm_core.training.history import History
from lstm_core.training.snapshots import Snapshot, read_snapshot
from lstm_core.training.trainer import Past, Trainer

OUTPUT_VIEW = ("prompt", "temperature", "top_k", "seed", "at")  # what outputs depend on
SURVEY_VIEW = ("layer", "unit", "signal", "at")


@dataclass(frozen=True)
class Branch:
    """Where a run leaves another one: its settings then, and what it takes along."""

    config: RunConfig
    past: Past
    growth: Growth

    def tree(self) -> dict[str, Any]:
        """What `read_branch` needs beside the config and the snapshots before the one that it begins with."""
        past = self.past
        return {
            "start": past.snapshots[-1].tree(),
            "losses": past.losses.state(),
            "valid_losses": past.valid_losses.state(),
            "growth": growth_tree(self.growth),
        }


def read_branch(tree: Any, config: RunConfig, snapshots: Iterable[Snapshot] = ()) -> Branch:
    """The branch of which `tree` tells. snapshots: of the run that branched off.

    Raises ValueError for what tells of none.
    """
    reader, losses, valid_losses = Reader(tree, "branch"), History(), History()
    start = read_snapshot(reader.take("start"))
    losses.load(reader.take("losses"), start.step)
    valid_losses.load(reader.take("valid_losses"), start.step)
    growth = read_growth(reader.take("growth"), start.step)
    reader.end()
    before = (one for one in snapshots if one.step < start.step)
    return Branch(config, Past((*before, start), losses, valid_losses), growth)


class Network:
    """A trainer, and the observer that looks at it. (A `Subject`.)"""

    parts: ClassVar = {
        "outputs": Part(share=0.01, shortest=0.1, longest=1.0, shared=20.0, spread=0.5),
        "next": NEXT,
        "truth": TRUTH,
        "survey": Part(share=0.02, shortest=0.2, longest=5.0, shared=10.0, spread=0.5, optional=True),
    }

    def __init__(self, config: RunConfig, branch: Branch | None = None) -> None:
        """branch: of another run with the same task and network, to go on from there."""
        self.config = config
        self.trainer = Trainer(config, branch.past if branch else None)
        self.observer = Observer(self.trainer, config.view, config.hands)
        self._train_under_hands()
        if branch:
            self.observer.growth = list(branch.growth)
        else:
            self.observer.record_growth()

    @property
    def step_count(self) -> int:
        return self.trainer.step_count

    @property
    def diverged(self) -> str | None:
        return self.trainer.diverged

    @property
    def wants(self) -> frozenset[str]:
        return self.observer.wants

    @wants.setter
    def wants(self, wants: frozenset[str]) -> None:
        self.observer.wants = wants

    def change(self, config: RunConfig, kind: str, name: str) -> list[str]:
        self.config = config
        if kind == "knob":
            self.trainer.knobs = config.knobs
            return []
        if kind == "hands":
            self.observer.hands = config.hands
            self._train_under_hands()
            return ["outputs"]
        self.observer.view = config.view
        if name == "at":
            self.trainer.timeline.keep = None if config.view.at is None else self.observer.step
        depends = {"outputs": OUTPUT_VIEW, "survey": SURVEY_VIEW}
        return [part for part, names in depends.items() if name in names]

    def step(self) -> None:
        self.trainer.step()
        if self.trainer.diverged:
            self.observer.forget_growth(self.trainer.step_count)
        elif is_growth_step(self.trainer.step_count):
            self.observer.record_growth()

    def refresh(self, part: str) -> None:
        self.observer.refresh(part)

    def answer(self, kind: str, question: Any) -> None:
        """Answer a question, "find" or "check" (see messages.py); the frames after this show the answer."""
        if kind == "check":
            self.observer.check()
        else:
            self.observer.find(question)

    def observe(self, meta: dict[str, Any]) -> Frame:
        return self.observer.observe(meta)

    def state(self) -> dict[str, Any]:
        return {"training": self.trainer.state(), "observer": self.observer.state()}

    def load(self, state: dict[str, Any], snapshots: Iterable[Snapshot] = ()) -> None:
        """snapshots: of the time machine then; without them it knows the beginning and now only."""
        reader, view = Reader(state, "network"), self.config.view
        self.observer.view = replace(view, at=None)  # while the snapshots change
        self.trainer.load(reader.take("training"))
        self.trainer.timeline.take_over(snapshots, self.step_count)
        self.observer.load(reader.take("observer"))
        reader.end()
        if view.at is not None:
            self.change(self.config, "view", "at")

    def branch(self, step: int) -> Branch:
        """What a run needs to leave this one at the newest snapshot up to `step`. Any thread may ask."""
        past = self.trainer.past(step)
        growth = [sample for sample in self.observer.growth if sample[0] <= past.snapshots[-1].step]
        config = self.config
        return Branch(replace(config, view=replace(config.view, at=None)), past, growth)

    def film(self) -> Iterator[Frame]:
        """A frame of every snapshot. Any thread may ask; it works on weights of its own."""
        return Observer(self.trainer, replace(self.config.view, at=None)).film()

    def _train_under_hands(self) -> None:
        """Let training go on with the gates as they are held, or without."""
        self.trainer.holds = self.observer.holds if self.config.hands.training else None
