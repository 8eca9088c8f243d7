"""Scheduler: which run of a worker has the next turn, and for how long."""

from __future__ import annotations

import heapq
import itertools

from lstm_core.runtime.hosted_run import HostedRun

SLICE = 0.020  # seconds of training before the next run has its turn …
ROUND = 0.100  # … or less, so that a round over all runs takes about this long
SHORTEST_SLICE = 0.004
HEAVY = 0.050  # seconds beyond its slice from which a turn is charged for; less evens out


class Scheduler:
    """A queue of turns, each due at some time. `now` is on the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, HostedRun]] = []  # heap of (due, tie, run)
        self._ties = itertools.count()

    def add(self, hosted: HostedRun, now: float, delay: float = 0.0) -> None:
        """Queue a turn after `delay` seconds, unless an earlier one is queued."""
        due = now + delay
        if hosted.due is None or due < hosted.due:
            hosted.due = due
            heapq.heappush(self._queue, (due, next(self._ties), hosted))

    def remove(self, hosted: HostedRun) -> None:
        """It has no turn any more."""
        hosted.due = None

    def next(self, now: float) -> HostedRun | None:
        """A run whose turn has come."""
        while self._queue and self._queue[0][0] <= now:
            due, _, hosted = heapq.heappop(self._queue)
            if hosted.due == due:  # else it is gone, or was queued for an earlier time since
                hosted.due = None
                return hosted
        return None

    def wait(self, now: float) -> float:
        """Seconds until a turn is due; infinity if none is queued."""
        return max(0.0, self._queue[0][0] - now) if self._queue else float("inf")

    def slice(self) -> float:
        """Seconds of a turn: less where many wait."""
        return max(SHORTEST_SLICE, min(SLICE, ROUND / (len(self._queue) + 1)))

    def fair_pause(self, overrun: float, now: float) -> float:
        """Seconds that a run which took `overrun` seconds too long leaves to the others that wait."""
        if overrun < HEAVY:
            return 0.0
        return overrun * sum(due <= now for due, _, _ in self._queue)
