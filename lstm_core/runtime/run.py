"""Run: one subject, a network or several side by side, that trains in slices while it is watched.

A run is an actor: what is said to it waits in its inbox until the next `work`, so that a knob acts at the
very next step and at no other moment. It belongs to one thread, that of its worker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lstm_core.config import RunConfig
from lstm_core.experiments.configs import SubjectConfig, without_past
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Branch, Network
from lstm_core.experiments.registry import make_subject
from lstm_core.frames.frame import Frame
from lstm_core.runtime.frame_schedule import FrameSchedule
from lstm_core.runtime.inbox import INBOX, Inbox
from lstm_core.runtime.messages import SETTINGS, Live
from lstm_core.runtime.pacing import Rate
from lstm_core.storage.checkpoint import Saved
from lstm_core.storage.restore import restored

SLOW_STEP = 3e8  # multiply-adds of a step that takes so long that the first frame does not wait for it
PATIENCE = 0.5  # seconds that a viewer waits for one frame of all the steps that were asked for

LOG = logging.getLogger(__name__)


class Run:
    """One subject, from its config. `config` holds the live settings as they are now; `subject` is None until
    the first `work`; `latest` is the newest frame, encoded; `frames` counts them.
    """

    def __init__(
        self,
        config: SubjectConfig,
        clock: Callable[[], float] = time.monotonic,
        branch: Branch | None = None,
        saved: Saved | None = None,
    ) -> None:
        """branch: of another run with the same task and network, to go on from there. saved: of a run with
        this config, which goes on; if that cannot be, the first `work` says so to the viewers.
        """
        self.config = config
        if saved and not saved.snapshots:  # there is no past to look at
            self.config = without_past(config)
        self.subject: Subject | None = None
        self.playing = saved.playing if saved else True
        self.generation = saved.generation if saved else 0  # how many times it was given other networks
        self.wanted = False  # set by whoever has a viewer that is ready for a frame
        self.wants: frozenset[str] = frozenset()  # … and the parts of it that not everybody shows
        self.latest: bytes | None = None
        self.frames = 0
        self.steps = saved.steps if saved else 0  # taken in all, over every subject that this run has had
        self.spent = 0.0  # seconds of a processor that the last `work` took
        self._clock = clock
        self.inbox = Inbox()
        self._branch = branch
        self._saved = saved  # until it is restored
        self._steps_asked = 0
        self._asked = 0.0  # when the first of them was
        self._next_step = 0.0
        self._schedule = FrameSchedule(clock)
        self._changed = True  # something is to be shown that no frame has shown yet
        self._rate = Rate(clock)
        self._failed = False

    def post(self, message: dict[str, Any]) -> None:
        """Leave a message in the inbox; see `Inbox.post`. Raises ValueError for what is none."""
        self.inbox.post(message, self.config)

    def work(self, seconds: float) -> float | None:
        """Train for about `seconds`, or until a frame was made because it was due and `wanted`.

        Returns the seconds after which to call again (0: at once), or None when there is nothing to do until
        the next `post` or until a frame is wanted.
        """
        start = time.thread_time()  # of its own work: waiting for other threads is nobody's fault
        try:
            return self._work(seconds)
        except Exception as error:  # a run that fails says so to its viewers, and must not end the worker
            LOG.exception("a run failed")
            self.playing, self._steps_asked, self._failed, self._changed = False, 0, True, False
            reason = f"This run stopped: {type(error).__name__}: {error}. Press Reset to start over."
            meta = {"status": "paused", "message": reason, "step": 0, "generation": self.generation}
            self._emit(Frame(meta))
            return None
        finally:
            self.spent = time.thread_time() - start

    @property
    def step_count(self) -> int | None:
        """Training steps of the networks that it has now; None before it has any."""
        return self.subject.step_count if self.subject else None

    @property
    def status(self) -> str:
        """ "diverged", "training" or "paused"."""
        if self.subject and self.subject.diverged and not self.playing:
            return "diverged"
        return "training" if self.playing else "paused"

    def restore(self) -> None:
        """Have the networks that were saved now, rather than at the first `work`."""
        if self._saved and not self._failed:
            self.build()

    def save(self) -> Saved:
        """All that this run goes on from, as it is now, but for messages that wait to be read. It goes on as
        if nothing had been saved.
        """
        if self._saved:  # it has not gone on from there yet
            return replace(self._saved, config=self.config, playing=self.playing)
        subject, branch = self.subject, self._branch
        snapshots = subject.trainer.timeline.snapshots if isinstance(subject, Network) else ()
        origin = branch.tree() if branch else None
        state = subject.state() if subject else {}
        return Saved(self.config, state, self.playing, snapshots, self.steps, self.generation, origin)

    def _work(self, seconds: float) -> float | None:
        start = now = self._clock()
        self._schedule.begin_turn(now)
        self.restore()  # messages are for the networks that were saved
        stepped = False
        while True:
            self.read_inbox(now)
            if self._failed:
                return None  # until Play or Reset
            subject = self.build()
            now = self._answer(subject, now)
            may_step = self._steps_asked > 0 or (self.playing and now >= self._next_step)
            over = now - start >= seconds
            if self._steps_asked:  # one frame for all of them, unless they take long
                turn = stepped and now - self._asked > PATIENCE
            else:
                # a step first, so that every frame shows something new, and a knob's effect with its value;
                # but of a large network the untrained one at once, since its first step will take a while
                untrained = subject.step_count == 0 and self.config.step_work > SLOW_STEP
                turn = stepped or not may_step or untrained
            if turn and self._frame_wanted() and self._schedule.frames.due(now, self._schedule.own(now)):
                self._show(subject)
                now = self._clock()
                break
            if not may_step or over:
                break
            self._step(subject, now)
            stepped, now = True, self._clock()

        waits = [self._next_step - now] if self.playing else []
        waits += [0.0] if self._steps_asked else []
        own = self._schedule.own(now)
        waits += [self._schedule.frames.wait(now, own)] if self._frame_wanted() else []
        waits += [self._schedule.answers.wait(now, own)] if self.inbox.questions else []
        return self._schedule.end_turn(now, max(0.0, min(waits)) if waits else None)

    def _frame_wanted(self) -> bool:
        more = self.subject is not None and bool(self.wants - self.subject.wants)
        return self.wanted and (self._changed or more)

    def build(self) -> Subject:
        """The subject, made at the first call: building belongs to the worker's time."""
        if self.subject is None:
            if self._saved:
                self.subject, self._branch = restored(self._saved, self.config)
                self._saved = None
            else:
                self.subject = make_subject(self.config, self._branch)
            self._schedule.take(self.subject.parts)
            self._next_step = 0.0
            self._refresh_all()
            self._rate = Rate(self._clock)
        return self.subject

    def _refresh_all(self) -> None:
        """The next frame shall come at once, and nothing on it be older than the networks."""
        self._changed = True
        self._schedule.hurry()

    def read_inbox(self, now: float | None = None) -> None:
        """Do what was said, but for training and answering questions; `work` does it by itself."""
        now, inbox = self._clock() if now is None else now, self.inbox
        while inbox.orders:
            order = inbox.orders.popleft()
            kind = order["type"]
            self._refresh_all()
            if kind == "play":
                self.playing, self._failed, self._rate = True, False, Rate(self._clock)
            elif kind == "pause":
                self.playing, self._steps_asked = False, 0
            elif kind == "step":
                self._asked = self._asked if self._steps_asked else now
                self._look_at_now(now)  # a step is to be seen
                self.playing, self._failed = False, False
                self._steps_asked = min(self._steps_asked + 1, INBOX)
            else:  # reset or configure: new networks, and the paused stay paused
                if kind == "configure":
                    self.config, self._branch = order["config"], None
                    self.generation += 1
                self._look_at_now(now)
                self.playing = self.playing or self._failed
                self.subject, self._saved, self._steps_asked, self._failed = None, None, 0, False
                inbox.questions.clear()  # they were about the networks before
        if inbox.live is not None:
            settings, inbox.live = inbox.live, None
            self._set_live(settings, now)

    def _set_live(self, settings: Live, now: float) -> None:
        """Live settings, from the next step or frame on."""
        before, self.config = self.config, replace(self.config, **settings)
        self._changed = True
        self._schedule.frames.reset()
        for kind, part in SETTINGS.items():
            old, new = getattr(before, part, None), getattr(self.config, part, None)
            if old == new:
                continue
            for name in (name for name in vars(new) if getattr(old, name) != getattr(new, name)):
                for made in self.subject.change(self.config, kind, name) if self.subject else ():
                    self._schedule.parts[made].reset()
                if name == "steps_per_second":
                    rate = self.config.knobs.steps_per_second
                    self._next_step = 0.0 if rate is None else min(self._next_step, now + 1 / rate)

    def _look_at_now(self, now: float) -> None:
        """Leave the past, if somebody looks at it."""
        if isinstance(self.config, RunConfig) and self.config.view.at is not None:
            self._set_live({"view": replace(self.config.view, at=None)}, now)

    def _answer(self, subject: Subject, now: float) -> float:
        """Answer one question, if there is one and its turn has come; returns the time then."""
        if not self.inbox.questions or not self._schedule.answers.due(now, self._schedule.own(now)):
            return now
        kind, question = self.inbox.questions.popitem()
        if isinstance(subject, Network):
            subject.answer(kind, question)
        self._changed = True
        self._schedule.frames.reset()
        end = self._clock()
        self._schedule.answers.spend(now, end, self._schedule.own(end))
        return end

    def branch(self, step: int) -> Branch:
        """What a run needs to leave this one at the newest snapshot up to `step`. Raises ValueError while
        there is no network yet, and for several networks side by side.
        """
        if not isinstance(self.subject, Network):
            raise ValueError("there is no network yet to go on from.")
        return self.subject.branch(step)

    def film(self) -> Iterator[bytes]:
        """An encoded frame of every snapshot of a network; it goes on while the run trains."""
        frames = self.subject.film() if isinstance(self.subject, Network) else ()
        return (frame.encode() for frame in frames)

    def _step(self, subject: Subject, now: float) -> None:
        rate = self.config.knobs.steps_per_second
        if self._steps_asked:
            self._steps_asked -= 1
        elif rate:
            # from the planned time, not from now, so that the asked rate is met on average
            late = now - self._next_step > max(0.1, 1 / rate)
            self._next_step = (now if late else self._next_step) + 1 / rate
        subject.step()
        self._changed = True
        if subject.diverged:
            self.playing, self._steps_asked = False, 0
            if isinstance(subject, Network) and subject.observer.step > subject.step_count:
                self._look_at_now(now)  # what was looked at is no longer in the past
            self._refresh_all()
            return
        self.steps += 1
        self._rate.count()

    def _show(self, subject: Subject) -> None:
        if self.wants - subject.wants:  # somebody has come who shows more
            self._schedule.hurry()
        subject.wants = self.wants
        now = self._schedule.refresh(subject)
        meta = {
            "status": self.status,
            "message": subject.diverged or "",
            "steps_per_second": self._rate.per_second() if self.playing else 0.0,
            "made": time.time(),
            "generation": self.generation,
        }
        self._emit(subject.observe(meta))
        self._changed = False
        end = self._clock()
        self._schedule.frames.spend(now, end, self._schedule.own(end))

    def _emit(self, frame: Frame) -> None:
        self.wanted = False
        self.latest = frame.encode()
        self.frames += 1
