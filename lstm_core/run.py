"""Run: one network that trains in slices while it is watched.

A run is an actor. Anyone may `post` a message; only `work`, which one thread calls at a time, changes the
network. So nothing here needs a lock, and a knob acts at the very next step. `branch` and `film` read, from
other threads, what is replaced whole and never changed: snapshots, and copies of the losses.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lstm_core.config import Hands, Knobs, RunConfig, View
from lstm_core.frame import Frame
from lstm_core.messages import SETTINGS, checked
from lstm_core.observe import Observer, is_growth_step
from lstm_core.pace import Budget, Rate
from lstm_core.trainer import Past, Trainer

FRAME_SHARE = 0.05  # of the run's own time may go into frames …
OUTPUT_SHARE = 0.01  # … and into sampling or forecasting, so that watching stays nearly free
SURVEY_SHARE = 0.02  # … and into reading the corpus, for those who look at one unit
# seconds from one to the next: at least; at most on the run's own clock; at most where many runs share
FRAME_INTERVAL = 0.05, 1.0, 0.1
OUTPUT_INTERVAL = 0.1, 1.0, 5.0
OUTPUT_SPREAD = 0.5
SURVEY_INTERVAL = 0.2, 5.0, 10.0
ANSWER_SHARE = 0.5  # … and into answering questions, while they keep coming
ANSWER_INTERVAL = 0.1, 2.0, 0.5
OUTPUT_VIEW = ("prompt", "temperature", "top_k", "seed", "at")  # what outputs depend on
SURVEY_VIEW = ("layer", "unit", "signal", "at")
SLOW_STEP = 3e8  # multiply-adds of a step that takes so long that the first frame does not wait for it
PATIENCE = 0.5  # seconds that a viewer waits for one frame of all the steps that were asked for
INBOX = 1_000  # messages, or steps asked for, that wait

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Branch:
    """Where a run leaves another one: what it takes along, how that run was looked at and held."""

    config: RunConfig
    past: Past
    growth: list[tuple[int, str]]
    knobs: Knobs
    view: View
    hands: Hands


class Run:
    """One network, from its config. `latest` is the newest frame, encoded; `frames` counts them."""

    def __init__(
        self, config: RunConfig, clock: Callable[[], float] = time.monotonic, branch: Branch | None = None
    ) -> None:
        """branch: of another run with the same task and network, to go on from there."""
        self.config = config
        self.playing = True
        self.wanted = False  # set by whoever has a viewer that is ready for a frame
        self.wants: frozenset[str] = frozenset()  # … and the parts of it that not everybody shows
        self.latest: bytes | None = None
        self.frames = 0
        self.steps = 0  # taken in all, over every network that this run has had
        self._clock = clock
        self._inbox: deque[dict[str, Any]] = deque(maxlen=INBOX)
        self._settings: dict[tuple[str, str], Any] = {}  # to change: the last value counts
        self._questions: dict[str, Any] = {}  # to answer: the last one of a kind counts
        self._view = branch.view if branch else config.view
        self._knobs = branch.knobs if branch else config.knobs
        self._hands = branch.hands if branch else config.hands
        self._branch = branch
        self._network: tuple[Trainer, Observer] | None = None
        self._steps_asked = 0
        self._asked = 0.0  # when the first of them was
        self._next_step = 0.0
        self._frames = Budget(FRAME_SHARE, *FRAME_INTERVAL)
        self._outputs = Budget(OUTPUT_SHARE, *OUTPUT_INTERVAL, OUTPUT_SPREAD)
        self._surveys = Budget(SURVEY_SHARE, *SURVEY_INTERVAL, OUTPUT_SPREAD)
        self._answers = Budget(ANSWER_SHARE, *ANSWER_INTERVAL)
        self._call_again = clock()  # when the last `work` asked to be called
        self._queued = 0.0  # seconds that this run has waited for its turns, in all
        self._changed = True  # something is to be shown that no frame has shown yet
        self._rate = Rate(clock)
        self._failed = False

    def post(self, message: dict[str, Any]) -> None:
        """Leave a message, as messages.py describes them; of settings and questions the last one counts. Any
        thread.

        Raises ValueError, and changes nothing, for what is no message.
        """
        message = checked(message, self.config, self._knobs, self._hands)
        kind = message["type"]
        if kind in SETTINGS:
            self._settings[kind, message["name"]] = message["value"]
        elif kind == "release":
            self._settings |= {("hands", name): value for name, value in vars(Hands()).items()}
        elif kind in ("find", "check"):
            self._questions[kind] = message.get("question")
        else:
            self._inbox.append(message)

    def work(self, seconds: float) -> float | None:
        """Train for about `seconds`, or until a frame was made because it was due and `wanted`.

        Returns the seconds after which to call again (0: at once), or None when there is nothing to do until
        the next `post` or until a frame is wanted.
        """
        try:
            return self._work(seconds)
        except Exception as error:  # a run that fails says so to its viewers, and must not end the worker
            LOG.exception("a run failed")
            self.playing, self._steps_asked, self._failed, self._changed = False, 0, True, False
            reason = f"This run stopped: {type(error).__name__}: {error}. Press Reset to start over."
            self._emit(Frame({"status": "paused", "message": reason, "step": 0}))
            return None

    @property
    def status(self) -> str:
        """ "diverged", "training" or "paused"."""
        if self._network and self._network[0].diverged and not self.playing:
            return "diverged"
        return "training" if self.playing else "paused"

    def _work(self, seconds: float) -> float | None:
        start = now = self._clock()
        self._queued += max(0.0, now - self._call_again)
        stepped = False
        while True:
            self._read_inbox(now)
            if self._failed:
                return None  # until Play or Reset
            trainer, observer = self._built()
            now = self._answer(observer, now)
            may_step = self._may_step(now)
            over = now - start >= seconds
            if self._steps_asked:  # one frame for all of them, unless they take long
                turn = stepped and now - self._asked > PATIENCE
            else:
                # a step first, so that every frame shows something new, and a knob's effect with its value;
                # but of a large network the untrained one at once, since its first step will take a while
                untrained = trainer.step_count == 0 and self.config.step_work > SLOW_STEP
                turn = stepped or not may_step or untrained
            if turn and self._frame_wanted() and self._frames.due(now, self._own(now)):
                self._show(trainer, observer)
                now = self._clock()
                break
            if not may_step or over:
                break
            self._step(trainer, observer, now)
            stepped, now = True, self._clock()

        waits = [self._next_step - now] if self.playing else []
        waits += [0.0] if self._steps_asked else []
        waits += [self._frames.wait(now, self._own(now))] if self._frame_wanted() else []
        waits += [self._answers.wait(now, self._own(now))] if self._questions else []
        wait = max(0.0, min(waits)) if waits else None
        self._call_again = float("inf") if wait is None else now + wait
        return wait

    def _own(self, now: float) -> float:
        """A clock that stands still while other runs have their turn: shares are shares of its time."""
        return now - self._queued

    def _frame_wanted(self) -> bool:
        more = self._network is not None and bool(self.wants - self._network[1].wants)
        return self.wanted and (self._changed or more)

    def _built(self) -> tuple[Trainer, Observer]:
        """The trainer and its observer, made at the first call: building belongs to the worker's time."""
        if self._network is None:
            branch = self._branch
            trainer = Trainer(replace(self.config, knobs=self._knobs), branch.past if branch else None)
            observer = Observer(trainer, self._view, self._hands)
            self._network = trainer, observer
            self._train_under_hands()
            if branch:
                observer.growth = list(branch.growth)
            else:
                observer.record_growth()
            self._next_step = 0.0
            self._refresh_all()
            self._rate = Rate(self._clock)
        return self._network

    def _refresh_all(self) -> None:
        """The next frame shall come at once, and nothing on it be older than the network."""
        self._changed = True
        for budget in (self._frames, self._outputs, self._surveys):
            budget.reset()

    def _read_inbox(self, now: float) -> None:
        while self._settings:
            (kind, name), value = self._settings.popitem()
            self._changed = True
            self._frames.reset()
            if kind == "knob":
                self._turn_knob(name, value, now)
            elif kind == "view":
                self._change_view(name, value)
            else:
                self._move_hands(replace(self._hands, **{name: value}))
        while self._inbox:
            message = self._inbox.popleft()
            kind = message["type"]
            self._refresh_all()
            if kind == "play":
                self.playing, self._failed, self._rate = True, False, Rate(self._clock)
            elif kind == "pause":
                self.playing, self._steps_asked = False, 0
            elif kind == "step":
                self._asked = self._asked if self._steps_asked else now
                self._change_view("at", None)  # a step is to be seen
                self.playing, self._failed = False, False
                self._steps_asked = min(self._steps_asked + 1, INBOX)
            else:  # reset or configure: a new network, and the paused stay paused
                if kind == "configure":
                    self.config, self._branch = message["config"], None
                self._view = replace(self._view, at=None)
                self.playing = self.playing or self._failed
                self._network, self._steps_asked, self._failed = None, 0, False
                self._questions.clear()  # they were about the network before

    def _answer(self, observer: Observer, now: float) -> float:
        """Answer one question, if there is one and its turn has come; returns the time then."""
        if not self._questions or not self._answers.due(now, self._own(now)):
            return now
        kind, question = self._questions.popitem()
        if kind == "check":
            observer.check()
        else:
            observer.find(question)
        self._changed = True
        self._frames.reset()
        end = self._clock()
        self._answers.spend(now, end, self._own(end))
        return end

    def _turn_knob(self, name: str, value: Any, now: float) -> None:
        self._knobs = replace(self._knobs, **{name: value})
        if self._network:
            self._network[0].knobs = self._knobs
        if name == "steps_per_second":
            self._next_step = 0.0 if value is None else min(self._next_step, now + 1 / value)

    def _change_view(self, name: str, value: Any) -> None:
        self._view = replace(self._view, **{name: value})
        if self._network:
            self._network[1].view = self._view
            if name == "at":
                trainer, observer = self._network
                trainer.timeline.keep = None if value is None else observer.step
        if name in OUTPUT_VIEW:
            self._outputs.reset()
        if name in SURVEY_VIEW:
            self._surveys.reset()

    def _move_hands(self, hands: Hands) -> None:
        if self._hands.idle and not hands.idle:  # they are laid on the layer that is shown
            hands = replace(hands, layer=self._view.layer)
        self._hands = hands
        if self._network:
            self._network[1].hands = hands
        self._train_under_hands()
        self._outputs.reset()

    def _train_under_hands(self) -> None:
        """Let training go on with the gates as they are held, or without."""
        if self._network:
            trainer, observer = self._network
            trainer.holds = observer.holds if self._hands.training else None

    def branch(self, step: int) -> Branch:
        """What a run needs to leave this one at the newest snapshot up to `step`. Any thread may ask.

        Raises ValueError while there is no network yet.
        """
        network = self._network
        if network is None:
            raise ValueError("there is no network yet to go on from.")
        trainer, observer = network
        past = trainer.past(step)
        growth = [sample for sample in observer.growth if sample[0] <= past.snapshots[-1].step]
        view = replace(self._view, at=None)
        return Branch(trainer.config, past, growth, self._knobs, view, self._hands)

    def film(self) -> Iterator[bytes]:
        """An encoded frame of every snapshot. Any thread may ask; it works on weights of its own."""
        network = self._network
        if network is not None:
            for frame in Observer(network[0], replace(self._view, at=None)).film():
                yield frame.encode()

    def _may_step(self, now: float) -> bool:
        return self._steps_asked > 0 or (self.playing and now >= self._next_step)

    def _step(self, trainer: Trainer, observer: Observer, now: float) -> None:
        rate = trainer.knobs.steps_per_second
        if self._steps_asked:
            self._steps_asked -= 1
        elif rate:
            # from the planned time, not from now, so that the asked rate is met on average
            late = now - self._next_step > max(0.1, 1 / rate)
            self._next_step = (now if late else self._next_step) + 1 / rate
        trainer.step()
        self._changed = True
        if trainer.diverged:
            self.playing, self._steps_asked = False, 0
            observer.forget_growth(trainer.step_count)
            if observer.step > trainer.step_count:  # what was looked at is no longer in the past
                self._change_view("at", None)
            self._refresh_all()
            return
        self.steps += 1
        self._rate.count()
        if is_growth_step(trainer.step_count):
            observer.record_growth()

    def _show(self, trainer: Trainer, observer: Observer) -> None:
        start = now = self._clock()
        if self.wants - observer.wants:  # somebody has come who shows more
            self._outputs.reset()
            self._surveys.reset()
        observer.wants = self.wants
        if self._outputs.due(start, self._own(start)):
            observer.refresh_outputs()
            now = self._clock()
            self._outputs.spend(start, now, self._own(now))
        if "survey" in self.wants and self._surveys.due(now, self._own(now)):
            before = now
            observer.refresh_survey()
            now = self._clock()
            self._surveys.spend(before, now, self._own(now))
        meta = {
            "status": self.status,
            "message": trainer.diverged or "",
            "steps_per_second": self._rate.per_second() if self.playing else 0.0,
            "made": time.time(),
        }
        self._emit(observer.observe(meta))
        self._changed = False
        end = self._clock()
        self._frames.spend(now, end, self._own(end))

    def _emit(self, frame: Frame) -> None:
        self.wanted = False
        self.latest = frame.encode()
        self.frames += 1


def warm_up() -> None:
    """Pay, before anybody waits, for what the first network of a process costs: about a second."""
    trainer = Trainer(RunConfig())
    trainer.step()
    observer = Observer(trainer, View())
    observer.refresh_outputs()
    observer.observe({})
