"""FrameSchedule: when a run makes a frame, the parts of it that take long, and an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lstm_core.experiments.experiment import Part, Subject
from lstm_core.runtime.pacing import Budget

FRAME_SHARE = 0.05  # of the run's own time may go into frames, so that watching stays nearly free
# seconds from one to the next: at least; at most on the run's own clock; at most where many runs share
FRAME_INTERVAL = 0.05, 1.0, 0.1
ANSWER_SHARE = 0.5  # … and into answering questions, while they keep coming
ANSWER_INTERVAL = 0.1, 2.0, 0.5


class FrameSchedule:
    """Of one run. `frames`, `answers` and `parts`, those of its subject by name: each a budget of the run's
    own time, on a clock that stands still while other runs have their turn.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.frames = Budget(FRAME_SHARE, *FRAME_INTERVAL)
        self.answers = Budget(ANSWER_SHARE, *ANSWER_INTERVAL)
        self.parts: dict[str, Budget] = {}
        self._clock = clock
        self._call_again = clock()  # when the turn before asked for this one
        self._queued = 0.0  # seconds that the run has waited for its turns, in all

    def own(self, now: float) -> float:
        """The run's own clock."""
        return now - self._queued

    def begin_turn(self, now: float) -> None:
        """The run has its turn."""
        self._queued += max(0.0, now - self._call_again)

    def end_turn(self, now: float, wait: float | None) -> float | None:
        """It asks for the next one after `wait` seconds, which are returned; None: for none."""
        self._call_again = float("inf") if wait is None else now + wait
        return wait

    def take(self, parts: Mapping[str, Part]) -> None:
        """These are the parts of the subject from now on."""
        self.parts = {name: Budget(*part[:-1]) for name, part in parts.items()}

    def hurry(self) -> None:
        """The next frame shall come at once, and all of its parts with it."""
        for budget in (self.frames, *self.parts.values()):
            budget.reset()

    def refresh(self, subject: Subject) -> float:
        """Make those parts anew that are wanted and due; the time then."""
        now = self._clock()
        for name, part in subject.parts.items():
            start, budget = now, self.parts[name]
            if (name in subject.wants or not part.optional) and budget.due(start, self.own(start)):
                subject.refresh(name)
                now = self._clock()
                budget.spend(start, now, self.own(now))
        return now
