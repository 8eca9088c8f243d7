"""Run: one subject, a network or several side by side, that trains in slices while it is watched.

A run is an actor: what is said to it waits in its inbox until the next `work`, so that a knob acts at the
very next step and at no other moment. It belongs to one thread, that of its worker.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lstm_core.config import RunConfig
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Branch, Network
from lstm_core.experiments.registry import SubjectConfig, make_subject
from lstm_core.frames.frame import Frame
from lstm_core.runtime.inbox import INBOX, Inbox
from lstm_core.runtime.messages import SETTINGS, Live, live, read
from lstm_core.runtime.pacing import Budget, Rate
from lstm_core.storage.checkpoint import Saved, without_past
from lstm_core.storage.restore import restored

FRAME_SHARE = 0.05  # of the run's own time may go into frames, so that watching stays nearly free
# seconds from one to the next: at least; at most on the run's own clock; at most where many runs share
FRAME_INTERVAL = 0.05, 1.0, 0.1
ANSWER_SHARE = 0.5  # … and into answering questions, while they keep coming
ANSWER_INTERVAL = 0.1, 2.0, 0.5
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
        self._frames = Budget(FRAME_SHARE, *FRAME_INTERVAL)
        self._parts: dict[str, Budget] = {}  # of the subject, by name
        self._answers = Budget(ANSWER_SHARE, *ANSWER_INTERVAL)
        self._call_again = clock()  # when the last `work` asked to be called
        self._queued = 0.0  # seconds that this run has waited for its turns, in all
        self._changed = True  # something is to be shown that no frame has shown yet
        self._rate = Rate(clock)
        self._failed = False

    def post(self, message: dict[str, Any]) -> None:
        """Leave a message, as messages.py describes them; of settings and questions the last one counts.

        Raises ValueError, and changes nothing, for what is no message.
        """
        config, order = read(message, self._config_asked())
        if order and order["type"] == "configure":
            order = order | {"config": config}
        if order:
            self.inbox.put(order)
        else:
            self.inbox.live = live(config)

    def _config_asked(self) -> SubjectConfig:
        """The config as it will be when the inbox has been read."""
        config = self.config
        for order in self.inbox.orders:
            config = order.get("config", config)
        return replace(config, **self.inbox.live) if self.inbox.live else config

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
        self._queued += max(0.0, now - self._call_again)
        self.restore()  # messages are for the networks that were saved
        stepped = False
        while True:
            self.read_inbox(now)
            if self._failed:
                return None  # until Play or Reset
            subject = self.build()
            now = self._answer(subject, now)
            may_step = self._may_step(now)
            over = now - start >= seconds
            if self._steps_asked:  # one frame for all of them, unless they take long
                turn = stepped and now - self._asked > PATIENCE
            else:
                # a step first, so that every frame shows something new, and a knob's effect with its value;
                # but of a large network the untrained one at once, since its first step will take a while
                untrained = subject.step_count == 0 and self.config.step_work > SLOW_STEP
                turn = stepped or not may_step or untrained
            if turn and self._frame_wanted() and self._frames.due(now, self._own(now)):
                self._show(subject)
                now = self._clock()
                break
            if not may_step or over:
                break
            self._step(subject, now)
            stepped, now = True, self._clock()

        waits = [self._next_step - now] if self.playing else []
        waits += [0.0] if self._steps_asked else []
        waits += [self._frames.wait(now, self._own(now))] if self._frame_wanted() else []
        waits += [self._answers.wait(now, self._own(now))] if self.inbox.questions else []
        wait = max(0.0, min(waits)) if waits else None
        self._call_again = float("inf") if wait is None else now + wait
        return wait

    def _own(self, now: float) -> float:
        """A clock that stands still while other runs have their turn: shares are shares of its time."""
        return now - self._queued

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
            self._parts = {name: Budget(*part[:-1]) for name, part in self.subject.parts.items()}
            self._next_step = 0.0
            self._refresh_all()
            self._rate = Rate(self._clock)
        return self.subject

    def _refresh_all(self) -> None:
        """The next frame shall come at once, and nothing on it be older than the networks."""
        self._changed = True
        for budget in (self._frames, *self._parts.values()):
            budget.reset()

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
        self._frames.reset()
        for kind, part in SETTINGS.items():
            old, new = getattr(before, part, None), getattr(self.config, part, None)
            if old == new:
                continue
            for name in (name for name in vars(new) if getattr(old, name) != getattr(new, name)):
                for made in self.subject.change(self.config, kind, name) if self.subject else ():
                    self._parts[made].reset()
                if name == "steps_per_second":
                    rate = self.config.knobs.steps_per_second
                    self._next_step = 0.0 if rate is None else min(self._next_step, now + 1 / rate)

    def _look_at_now(self, now: float) -> None:
        """Leave the past, if somebody looks at it."""
        if isinstance(self.config, RunConfig) and self.config.view.at is not None:
            self._set_live({"view": replace(self.config.view, at=None)}, now)

    def _answer(self, subject: Subject, now: float) -> float:
        """Answer one question, if there is one and its turn has come; returns the time then."""
        if not self.inbox.questions or not self._answers.due(now, self._own(now)):
            return now
        kind, question = self.inbox.questions.popitem()
        if isinstance(subject, Network):
            subject.answer(kind, question)
        self._changed = True
        self._frames.reset()
        end = self._clock()
        self._answers.spend(now, end, self._own(end))
        return end

    def branch(self, step: int) -> Branch:
        """What a run needs to leave this one at the newest snapshot up to `step`.

        Raises ValueError while there is no network yet, and for several networks side by side.
        """
        subject = self.subject
        if not isinstance(subject, Network):
            raise ValueError("there is no network yet to go on from.")
        return subject.branch(step)

    def film(self) -> Iterator[bytes]:
        """An encoded frame of every snapshot of a network; it goes on while the run trains."""
        subject = self.subject
        if isinstance(subject, Network):
            for frame in subject.film():
                yield frame.encode()

    def _may_step(self, now: float) -> bool:
        return self._steps_asked > 0 or (self.playing and now >= self._next_step)

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
            for budget in self._parts.values():
                budget.reset()
        subject.wants = self.wants
        now = self._clock()
        for name, part in subject.parts.items():
            start = now
            if (name in self.wants or not part.optional) and self._parts[name].due(start, self._own(start)):
                subject.refresh(name)
                now = self._clock()
                self._parts[name].spend(start, now, self._own(now))
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
        self._frames.spend(now, end, self._own(end))

    def _emit(self, frame: Frame) -> None:
        self.wanted = False
        self.latest = frame.encode()
        self.frames += 1


@functools.cache
def warm_up() -> None:
    """Pay, before anybody waits, for what the first network of a process costs: about a second, once."""
    network = Network(RunConfig())
    network.step()
    network.refresh("outputs")
    network.observe({})
