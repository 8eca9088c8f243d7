"""Run: one network that trains in slices while it is watched.

A run is an actor. Anyone may `post` a message; only `work`, which one thread calls at a time, touches the
network. So nothing here needs a lock, and a knob acts at the very next step.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_core.config import Knobs, RunConfig, View
from lstm_core.frame import Frame
from lstm_core.observe import Observer, is_growth_step
from lstm_core.trainer import Trainer

FRAME_SHARE = 0.05  # of the run's own time may go into frames …
OUTPUT_SHARE = 0.01  # … and into sampling or forecasting, so that watching stays nearly free
# seconds from one to the next: at least; at most on the run's own clock; at most where many runs share
FRAME_INTERVAL = 0.05, 1.0, 0.1
OUTPUT_INTERVAL = 0.1, 1.0, 5.0
OUTPUT_SPREAD = 0.5
SLOW_STEP = 3e8  # multiply-adds of a step that takes so long that the first frame does not wait for it
PATIENCE = 0.5  # seconds that a viewer waits for one frame of all the steps that were asked for
INBOX = 1_000  # messages, or steps asked for, that wait
TEXT_LIMIT = 4_000  # characters of a probe or prompt that are looked at

LOG = logging.getLogger(__name__)


class Run:
    """One network, from its config. `latest` is the newest frame, encoded; `frames` counts them."""

    def __init__(self, config: RunConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self.playing = True
        self.wanted = False  # set by whoever has a viewer that is ready for a frame
        self.latest: bytes | None = None
        self.frames = 0
        self.steps = 0  # taken in all, over every network that this run has had
        self._clock = clock
        self._inbox: deque[dict[str, Any]] = deque(maxlen=INBOX)
        self._settings: dict[tuple[str, str], Any] = {}  # knobs and view to change: the last value counts
        self._view = config.view
        self._knobs = config.knobs
        self._network: tuple[Trainer, Observer] | None = None
        self._steps_asked = 0
        self._asked = 0.0  # when the first of them was
        self._next_step = 0.0
        self._frames = _Budget(FRAME_SHARE, *FRAME_INTERVAL)
        self._outputs = _Budget(OUTPUT_SHARE, *OUTPUT_INTERVAL, OUTPUT_SPREAD)
        self._call_again = clock()  # when the last `work` asked to be called
        self._queued = 0.0  # seconds that this run has waited for its turns, in all
        self._changed = True  # something is to be shown that no frame has shown yet
        self._rate = _Rate(clock)
        self._failed = False

    def post(self, message: dict[str, Any]) -> None:
        """Leave a message: {"type": "play" | "pause" | "step" | "reset"}, {"type": "knob" | "view", "name",
        "value"}, or {"type": "configure", "config": RunConfig} for a new network. Any thread.

        Raises ValueError, and changes nothing, for a message that says none of these.
        """
        kind = message.get("type")
        if kind in ("knob", "view"):
            name, value = message.get("name"), message.get("value")
            make: Any = Knobs if kind == "knob" else View
            allowed = make.__dataclass_fields__
            if not isinstance(name, str) or name not in allowed:
                raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(sorted(allowed))}.")
            if name in ("probe", "prompt"):
                if not (value is None or isinstance(value, str)):
                    raise ValueError(f"{name} is {type(value).__name__}; it must be text.")
                message = message | {"value": value and value[:TEXT_LIMIT]}
            make(**{name: value})  # raises for a value out of range
            if name == "batch_size":  # raises if a step would take too long
                replace(self.config, knobs=make(**{**vars(self._knobs), name: value}))
            self._settings[kind, name] = message["value"]
            return
        if kind == "configure":
            if not isinstance(message.get("config"), RunConfig):
                raise ValueError("configure needs a RunConfig.")
        elif kind not in ("play", "pause", "step", "reset"):
            raise ValueError(f"unknown message type {str(kind)[:40]!r}.")
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
            may_step = self._may_step(now)
            trainer, observer = self._built()
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
        wait = max(0.0, min(waits)) if waits else None
        self._call_again = float("inf") if wait is None else now + wait
        return wait

    def _own(self, now: float) -> float:
        """A clock that stands still while other runs have their turn: shares are shares of its time."""
        return now - self._queued

    def _frame_wanted(self) -> bool:
        return self.wanted and self._changed

    def _built(self) -> tuple[Trainer, Observer]:
        """The trainer and its observer, made at the first call: building belongs to the worker's time."""
        if self._network is None:
            trainer = Trainer(replace(self.config, knobs=self._knobs))
            self._network = trainer, Observer(trainer, self._view)
            self._network[1].record_growth()
            self._next_step = 0.0
            self._frames.reset()
            self._outputs.reset()
            self._changed = True
            self._rate = _Rate(self._clock)
        return self._network

    def _read_inbox(self, now: float) -> None:
        while self._settings:
            (kind, name), value = self._settings.popitem()
            self._changed = True
            self._frames.reset()
            if kind == "knob":
                self._turn_knob(name, value, now)
                continue
            self._outputs.reset()
            self._view = replace(self._view, **{name: value})
            if self._network:
                self._network[1].view = self._view
        while self._inbox:
            message = self._inbox.popleft()
            kind = message["type"]
            self._changed = True
            self._frames.reset()
            self._outputs.reset()
            if kind == "play":
                self.playing, self._failed, self._rate = True, False, _Rate(self._clock)
            elif kind == "pause":
                self.playing, self._steps_asked = False, 0
            elif kind == "step":
                self._asked = self._asked if self._steps_asked else now
                self.playing, self._failed = False, False
                self._steps_asked = min(self._steps_asked + 1, INBOX)
            else:  # reset or configure: a new network, and the paused stay paused
                self.config = message.get("config", self.config)
                self.playing = self.playing or self._failed
                self._network, self._steps_asked, self._failed = None, 0, False

    def _turn_knob(self, name: str, value: Any, now: float) -> None:
        self._knobs = replace(self._knobs, **{name: value})
        if self._network:
            self._network[0].knobs = self._knobs
        if name == "steps_per_second":
            self._next_step = 0.0 if value is None else min(self._next_step, now + 1 / value)

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
            return
        self.steps += 1
        self._rate.count()
        if is_growth_step(trainer.step_count):
            observer.record_growth()

    def _show(self, trainer: Trainer, observer: Observer) -> None:
        start = now = self._clock()
        if self._outputs.due(start, self._own(start)):
            observer.refresh_outputs()
            now = self._clock()
            self._outputs.spend(start, now, self._own(now))
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


class _Budget:
    """Allows something as often as its cost permits: a share of the run's own time.

    But not sooner than `shortest` seconds after it began last, and always once `longest` seconds of its own
    have passed: something slow is better seen late than never. Where many runs wait for their turns, own
    time hardly passes; then `shared` seconds on the wall are enough, a share of `spread` less or more: runs
    that began together shall not all be at it together. `now` is on the wall, `own` on the run's own clock.
    """

    def __init__(
        self, share: float, shortest: float, longest: float, shared: float, spread: float = 0.0
    ) -> None:
        self.share, self.shortest, self.longest = share, shortest, longest
        self.shared, self.spread = shared, spread
        self.reset()

    def reset(self) -> None:
        """Allow it at once."""
        self._from = self._by = self._own_from = float("-inf")

    def spend(self, start: float, end: float, own: float) -> None:
        """It was done, from `start` to `end`."""
        pause = min((end - start) / self.share, self.longest)
        self._from = start + self.shortest
        self._own_from = own + pause
        self._by = end + max(self.shared * random.uniform(1 - self.spread, 1 + self.spread), pause)

    def due(self, now: float, own: float) -> bool:
        return self.wait(now, own) <= 0

    def wait(self, now: float, own: float) -> float:
        """Seconds until it is allowed, if the run gets all the time."""
        return max(self._from - now, min(self._own_from - own, self._by - now))


class _Rate:
    """Steps per second over the last one to two seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since, self._count, self._value = clock(), 0, 0.0

    def count(self) -> None:
        self._count += 1

    def per_second(self) -> float:
        passed = self._clock() - self._since
        if passed > 1.0:
            self._value = self._count / passed
            self._since, self._count = self._clock(), 0
        elif self._value == 0.0 and passed > 0.2:
            return self._count / passed
        return self._value
