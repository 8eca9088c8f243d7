"""Turns: which run a worker trains next, and for how long."""

from __future__ import annotations

import heapq
import itertools
import threading
import time

from lstm_core.runtime.room import Room
from lstm_core.server.session import Seat

SLICE = 0.020  # seconds of training before the next run has its turn …
ROUND = 0.100  # … or less, so that a round over all runs takes about this long
SHORTEST_SLICE = 0.004
HEAVY = 0.050  # seconds beyond its slice from which a turn is charged for; less evens out


class Turns:
    """The queue of turns of the runs in one room, which `workers` threads take. Every method needs the lock
    that it shares with the host; `wait` lets go of it.
    """

    def __init__(self, lock: threading.RLock, room: Room, workers: int) -> None:
        self.room = room
        self.workers = workers
        self._changed = threading.Condition(lock)
        self._queue: list[tuple[float, int, Seat]] = []  # heap of (due, tie, seat)
        self._ties = itertools.count()

    def add(self, seat: Seat, delay: float = 0.0) -> None:
        """Queue a turn after `delay` seconds, unless an earlier one is queued."""
        due = time.monotonic() + delay
        if seat.working or seat.held:
            seat.again = True
        elif seat.due is None or due < seat.due:
            seat.due = due
            heapq.heappush(self._queue, (due, next(self._ties), seat))
            self._changed.notify()

    def next(self, now: float) -> Seat | None:
        """A seat whose turn has come; from now on it is `working`."""
        while self._queue and self._queue[0][0] <= now:
            due, _, seat = heapq.heappop(self._queue)
            if seat.due != due:
                continue  # gone, or queued for an earlier time since
            seat.due = None
            if seat.held or seat.working:  # by who waited for it, after this turn was queued
                seat.again = True
                continue
            seat.working, seat.again = True, False
            return seat
        return None

    def wait(self, now: float, until: float) -> None:
        """Wait for the next turn, or until something has changed."""
        wake = min([until, *(due for due, _, _ in self._queue[:1])])
        self._changed.wait(max(0.0, wake - now))

    def wake(self) -> None:
        """Let all who wait look again."""
        self._changed.notify_all()

    def slice(self) -> float:
        """Seconds of a turn: less where many wait."""
        share = ROUND * self.workers / (len(self._queue) + 1)
        return max(SHORTEST_SLICE, min(SLICE, share))

    def fair_pause(self, overrun: float) -> float:
        """Seconds that a run which took `overrun` seconds too long leaves to the others that wait."""
        if overrun < HEAVY:
            return 0.0
        now = time.monotonic()
        return overrun * sum(due <= now for due, _, _ in self._queue) / self.workers

    def clear(self) -> None:
        """Forget all turns."""
        self._queue.clear()
