"""Stats: how much a host has to do, and whether all is well with it."""

from __future__ import annotations

import threading
import time
from typing import Any

from lstm_core.server.housekeeping import Housekeeping
from lstm_core.server.placement import Placement


class Stats:
    """Of one host. Any thread may ask."""

    def __init__(self, placement: Placement, housekeeping: Housekeeping) -> None:
        self._placement, self._housekeeping = placement, housekeeping
        self._rates = (time.monotonic(), 0, 0.0)  # since, steps then, steps per second
        self._rates_lock = threading.Lock()

    def now(self) -> dict[str, Any]:
        """`works` (all workers do), `runs` (that train, or would if they were not paused: somebody watches,
        or has left only just now), `resting` (that keep their place, although nobody has watched them since),
        `waiting` (in line for a place), `asleep` (out of memory, but watched or just asked for), `viewers`,
        `followers`, `steps_per_second` of all runs together over the time since it was last asked (at least a
        second), `save_errors` so far, `saving_fails` (now, or there is no store), `last_save` (seconds since
        the epoch, or None).
        """
        place = self._placement
        with place.lock:
            sessions = list(place.sessions)
            placed = [session for session in sessions if session.placed]
            resting = sum(place.lease_over(session) for session in placed)
            counts = {
                "runs": len(placed) - resting,
                "resting": resting,
                "waiting": sum(session.wants_place for session in sessions),
                "asleep": sum(not session.awake for session in sessions),
                "viewers": len(place.subscribers),
                "followers": sum(len(session.following) for session in sessions),
            }
        return {
            "works": place.pool.works() and self._housekeeping.alive(),
            **counts,
            "steps_per_second": round(self._rate(), 1),
            "save_errors": place.save_errors,
            "saving_fails": place.saving_fails,
            "last_save": place.last_save,
        }

    def _rate(self) -> float:
        with self._rates_lock:
            now, steps = time.monotonic(), self._placement.pool.steps
            since, before, rate = self._rates
            if now - since >= 1.0:
                rate = (steps - before) / (now - since)
                self._rates = (now, steps, rate)
            return rate
