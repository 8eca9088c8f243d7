"""RunHost: many runs share a few threads in fair slices, and go on only while somebody watches.

Everything that crosses this interface is a plain value: tokens, configs, messages, encoded frames. Whoever
watches hands in a function that takes bytes; it is called from a worker thread and must return at once.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lstm_core.frame import Frame
from lstm_core.observe import PARTS
from lstm_core.run import Run
from lstm_core.subjects import SubjectConfig, check_data

LOG = logging.getLogger(__name__)
SLICE = 0.020  # seconds of training before the next run has its turn …
ROUND = 0.100  # … or less, so that a round over all runs takes about this long
SHORTEST_SLICE = 0.004
HEAVY = 0.050  # seconds beyond its slice from which a turn is charged for; less evens out
CLOSING = 5.0  # seconds that a worker gets to finish its slice when the host closes

Deliver = Callable[[bytes], None]


@dataclass
class _Viewer:
    deliver: Deliver
    ready: bool = True  # has drawn what it got and wants the next frame
    seen: bytes | None = None  # the last frame it got
    wants: frozenset[str] = frozenset()  # parts of a frame that not everybody shows


@dataclass
class _Seat:
    """One run, its viewers, and its turn."""

    config: SubjectConfig
    run: Run
    viewers: dict[int, _Viewer] = field(default_factory=dict)
    placed: bool = False  # it may have a network; else it waits for a place
    notice: bytes | None = None  # what its viewers are shown while it waits
    unwatched_since: float = 0.0
    due: float | None = None  # when it has its next turn; None: not queued
    working: bool = False
    again: bool = False  # something came in while it was working


class RunHost:
    """Opens runs, lets them train in turn, and hands their frames to whoever watches.

    At most `max_runs` networks exist at once; a further run waits in line, and its viewers are told their
    place. A run that nobody has watched for `lease` seconds pauses by itself; after `forget` seconds, or as
    soon as somebody waits for its place, it is gone.
    """

    def __init__(
        self,
        workers: int | None = None,
        max_runs: int = 64,
        lease: float = 5.0,
        forget: float = 600.0,
    ) -> None:
        self.max_runs = max_runs
        self.lease = lease
        self.forget = forget
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._seats: dict[str, _Seat] = {}  # by token, in the order they were opened
        self._watched: dict[int, str] = {}  # viewer → token
        self._queue: list[tuple[float, int, str]] = []  # heap of (due, tie, token)
        self._ties = itertools.count()
        self._lock = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._next_cleaning = 0.0
        self._rates = (time.monotonic(), 0, 0.0)  # since, steps then, steps per second

    # -- what pages call ---------------------------------------------------------------------------------

    def open(self, config: SubjectConfig) -> str:
        """Open a run and return its token, the only key to it. It starts as soon as it is watched.

        Raises ValueError when its data cannot be learnt from.
        """
        check_data(config)  # here so that the page can say what is wrong
        return self._seat(config, Run(config))

    def branch(self, token: str, step: int) -> str:
        """Open a run that goes on from where another one was at `step`, or at the last snapshot before, and
        return its token. The other one goes its own way.

        Raises KeyError for an unknown token, ValueError while that run has no network yet.
        """
        with self._lock:
            seat = self._seats[token]
        branch = seat.run.branch(step)
        return self._seat(branch.config, Run(branch.config, branch=branch))

    def film(self, token: str) -> list[bytes]:
        """A frame of every snapshot of a run, the first one first; none before it has a network. Takes a
        second or two.

        Raises KeyError for an unknown token.
        """
        with self._lock:
            run = self._seats[token].run
        return list(run.film())

    def _seat(self, config: SubjectConfig, run: Run) -> str:
        token = secrets.token_urlsafe(16)
        with self._lock:
            now = time.monotonic()
            self._seats[token] = _Seat(config, run, unwatched_since=now)
            self._clean(now)
        return token

    def configure(self, token: str, config: SubjectConfig) -> bool:
        """Give the run a new network if what it is or learns from differs; True if it does.

        Raises KeyError for an unknown token, ValueError when the data cannot be learnt from; then the old
        network goes on.
        """
        with self._lock:
            old = self._seats[token].config
        if old.network == config.network:
            return False
        check_data(config)  # outside of the lock, since it may take a while
        with self._lock:
            seat = self._seats[token]
            seat.config = config
            seat.run.post({"type": "configure", "config": config})
            self._enqueue(token, 0.0)
        return True

    def config(self, token: str) -> SubjectConfig:
        """The run's config as it is now, live settings included. Raises KeyError for an unknown token."""
        with self._lock:
            return self._seats[token].run.config

    def knows(self, token: str) -> bool:
        """Whether there is a run of this token, training or waiting."""
        with self._lock:
            return token in self._seats

    def post(self, token: str, message: dict[str, Any]) -> None:
        """Send a run a message (see `Run.post`). Raises KeyError (unknown token), ValueError (bad one)."""
        with self._lock:
            seat = self._seats[token]
            if message.get("type") == "configure":
                raise ValueError("a new network is made by configure(), not by a message.")
            seat.run.post(message)
            self._enqueue(token, 0.0)

    # -- what the channel calls --------------------------------------------------------------------------

    def watch(self, token: str, deliver: Deliver) -> int:
        """Begin to receive frames, the latest one at once; returns the viewer's number.

        Raises KeyError for an unknown token.
        """
        viewer = next(self._ties)
        with self._lock:
            seat = self._seats[token]
            seat.viewers[viewer] = _Viewer(deliver)
            self._watched[viewer] = token
            self._place()
            self._deliver(seat)
            self._enqueue(token, 0.0)
        return viewer

    def ready(self, viewer: int, wants: Iterable[object] = ()) -> None:
        """The viewer has drawn its frame and wants the newest. Until it says so it gets none.

        wants: the parts of a frame (of `PARTS`; others are ignored) that it shows, from now on.
        """
        with self._lock:
            token = self._watched.get(viewer)
            if token is None:
                return
            seat = self._seats[token]
            seat.viewers[viewer].ready = True
            seat.viewers[viewer].wants = frozenset(part for part in PARTS if part in wants)
            self._deliver(seat)
            seat.run.wanted = seat.run.wanted or seat.viewers[viewer].ready
            self._enqueue(token, 0.0)

    def unwatch(self, viewer: int) -> None:
        """Stop receiving. Unknown numbers are ignored."""
        with self._lock:
            token = self._watched.pop(viewer, None)
            if token is None:
                return
            seat = self._seats[token]
            del seat.viewers[viewer]
            seat.unwatched_since = time.monotonic()

    def stats(self) -> dict[str, Any]:
        """`runs` (with a place), `waiting`, `viewers`, and `steps_per_second` of all runs together, over the
        time since it was last asked (at least a second).
        """
        with self._lock:
            now, steps = time.monotonic(), sum(seat.run.steps for seat in self._seats.values())
            since, before, rate = self._rates
            if now - since >= 1.0:
                rate = max(0, steps - before) / (now - since)
                self._rates = (now, steps, rate)
            return {
                "runs": self._runs(),
                "waiting": sum(bool(seat.viewers) and not seat.placed for seat in self._seats.values()),
                "viewers": len(self._watched),
                "steps_per_second": round(rate, 1),
            }

    def close(self) -> None:
        """Stop all workers and forget all runs."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(CLOSING)
        with self._lock:
            self._seats.clear()
            self._watched.clear()
            self._queue.clear()

    # -- places ------------------------------------------------------------------------------------------

    def _place(self) -> None:
        """Give waiting seats that are watched a place while there is one, and tell the others theirs."""
        waiting = [item for item in self._seats.items() if item[1].viewers and not item[1].placed]
        waiting.sort(key=lambda item: min(item[1].viewers))  # numbers of viewers rise as they come
        while waiting and (self._runs() < self.max_runs or self._evict()):
            token, seat = waiting.pop(0)
            seat.placed, seat.notice = True, None
            self._enqueue(token, 0.0)
        for number, (_, seat) in enumerate(waiting, start=1):
            message = (
                f"All {self.max_runs} places are taken. Yours is number {number} in the queue; "
                "training starts by itself as soon as one is free."
            )
            notice = Frame({"status": "waiting", "message": message, "step": 0}).encode()
            if notice != seat.notice:
                seat.notice = notice
                self._deliver(seat)

    def _runs(self) -> int:
        return sum(seat.placed for seat in self._seats.values())

    def _evict(self) -> bool:
        """Drop the run that has been without viewers the longest, if its lease has run out."""
        now = time.monotonic()
        idle = [
            (seat.unwatched_since, token)
            for token, seat in self._seats.items()
            if seat.placed and not seat.viewers and now - seat.unwatched_since > self.lease
        ]
        if idle:
            del self._seats[min(idle)[1]]
        return bool(idle)

    def _clean(self, now: float) -> None:
        """Forget the seats that nobody came back to, and fill the room."""
        for token, seat in list(self._seats.items()):
            if not seat.viewers and now - seat.unwatched_since > self.forget:
                del self._seats[token]
        self._place()

    # -- turns -------------------------------------------------------------------------------------------

    def _enqueue(self, token: str, delay: float) -> None:
        """Queue a turn after `delay` seconds, unless an earlier one is queued or there is no place."""
        if not self._threads:
            self._start()
        seat = self._seats[token]
        due = time.monotonic() + delay
        if not seat.placed:
            return
        if seat.working:
            seat.again = True
        elif seat.due is None or due < seat.due:
            seat.due = due
            heapq.heappush(self._queue, (due, next(self._ties), token))
            self._lock.notify()

    def _start(self) -> None:
        for number in range(self._workers):
            thread = threading.Thread(target=self._worker, name=f"run-worker-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _next(self) -> tuple[str, _Seat, float] | None:
        """Wait for a turn that is due: token, seat, and the length of its slice. None: stop."""
        while not self._stopping:
            now = time.monotonic()
            if now >= self._next_cleaning:
                self._next_cleaning = now + 1.0
                self._clean(now)
            if not self._queue or self._queue[0][0] > now:
                wake = min([self._next_cleaning, *(due for due, _, _ in self._queue[:1])])
                self._lock.wait(max(0.0, wake - now))
                continue
            due, _, token = heapq.heappop(self._queue)
            seat = self._seats.get(token)
            if seat is None or seat.due != due:
                continue  # gone, or queued for an earlier time since
            seat.due, seat.working, seat.again = None, True, False
            share = ROUND * self._workers / (len(self._queue) + 1)
            return token, seat, max(SHORTEST_SLICE, min(SLICE, share))
        return None

    def _worker(self) -> None:
        while True:
            with self._lock:
                turn = self._next()
                if turn is None:
                    return
                token, seat, seconds = turn
                viewers = seat.viewers.values()
                seat.run.wanted = any(viewer.ready for viewer in viewers)
                seat.run.wants = frozenset[str]().union(*(viewer.wants for viewer in viewers))
            start = time.monotonic()
            delay = seat.run.work(seconds)
            overrun = time.monotonic() - start - seconds
            with self._lock:
                seat.working = False
                self._deliver(seat)
                if self._seats.get(token) is not seat:
                    continue
                if seat.again:
                    delay = 0.0
                lease_over = not seat.viewers and time.monotonic() - seat.unwatched_since > self.lease
                if delay is not None and not lease_over:
                    self._enqueue(token, max(delay, self._fair_pause(overrun)))

    def _fair_pause(self, overrun: float) -> float:
        """Seconds that a run which took `overrun` seconds too long leaves to the others that wait."""
        if overrun < HEAVY:
            return 0.0
        now = time.monotonic()
        return overrun * sum(due <= now for due, _, _ in self._queue) / self._workers

    def _deliver(self, seat: _Seat) -> None:
        """What there is to see, to every viewer that is ready and has not seen it."""
        frame = seat.run.latest if seat.placed else seat.notice
        if frame is None:
            return
        for viewer in list(seat.viewers.values()):
            if viewer.ready and viewer.seen is not frame:
                viewer.ready, viewer.seen = False, frame
                try:
                    viewer.deliver(frame)
                except Exception:  # a viewer that is going away must not stop the others
                    LOG.exception("a viewer did not take its frame")
