"""Subject: what a run trains and shows, a single network or several side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from lstm_core.config import Knobs
from lstm_core.frames.comparison import TRUTH_EVERY
from lstm_core.frames.frame import Frame
from lstm_core.frames.observer import NEXT_EVERY


class Part(NamedTuple):
    """A part of a subject's frames that takes long, and how often it may be made (see `pace.Budget`).

    share: of the run's own time. shortest, longest, shared: seconds from one to the next. optional: made only
    while somebody watches who wants it by its name.
    """

    share: float
    shortest: float
    longest: float
    shared: float
    spread: float = 0.0
    optional: bool = False


# what an observer does again in a frame after some seconds, and not in every frame; the frame pays for it
NEXT, TRUTH = (Part(share=1.0, shortest=s, longest=s, shared=s) for s in (NEXT_EVERY, TRUTH_EVERY))


class SubjectConfig(Protocol):
    """All settings of a subject, frozen. `view` and `hands`, if it has them, are live settings, too."""

    @property
    def knobs(self) -> Knobs: ...

    @property
    def step_work(self) -> int:
        """Multiply-adds of the recurrent layers in the forward pass of one training step."""

    @property
    def network(self) -> Any:
        """What asks for new networks when it differs; live settings are not in it."""


class Subject(Protocol):
    """What a run trains and shows. Only the thread that works on the run calls it.

    wants: the optional parts of a frame that somebody shows; the run sets it.
    """

    wants: frozenset[str]

    @property
    def step_count(self) -> int:
        """Training steps taken."""

    @property
    def diverged(self) -> str | None:
        """A sentence once training cannot go on."""

    @property
    def parts(self) -> Mapping[str, Part]:
        """The parts of a frame that take long; each is made by `refresh`."""

    def change(self, config: Any, kind: str, name: str) -> Iterable[str]:
        """The live settings are those of `config` now: field `name` of its knobs, view or hands (kind "knob",
        "view", "hands") has changed. Returns the parts that shall be made anew at once.
        """

    def step(self) -> object:
        """One training step; sets `diverged` when it could not be taken."""

    def refresh(self, part: str) -> None:
        """Make a part anew; the frames after this show it."""

    def observe(self, meta: dict[str, Any]) -> Frame:
        """The frame of this moment, with what `meta` says of the run added to it."""

    def state(self) -> dict[str, Any]:
        """All that it goes on from, bit for bit, but for its settings: a tree as reader.py describes it.
        What is done with the subject later does not change it.
        """

    def load(self, state: dict[str, Any]) -> None:
        """Become what `state` was, of a subject with the same settings; of one that was just made.

        Raises ValueError, one sentence, for what cannot be such a state; then the subject is of no use.
        """
