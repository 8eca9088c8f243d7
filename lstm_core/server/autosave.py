"""Saves: when the runs of a host are saved, and how that went."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable

from lstm_core.runtime.hosted import HostedRun
from lstm_core.server.session import Seat
from lstm_core.server.turns import Turns
from lstm_core.storage.cleaner import Cleaner

AGAIN = 10.0  # seconds after a save that failed


class Saves:
    """Has every run that has changed saved every few seconds, by the room that it is in.

    errors: saves that failed. failing: the newest one did, or there is no store. last: when one succeeded, in
    seconds since the epoch.
    """

    def __init__(
        self,
        lock: threading.RLock,
        every: float,
        cleaner: Cleaner | None,
        turn: Callable[[Seat, float], None],
        tell: Callable[[Seat], None],
    ) -> None:
        """cleaner: of the store; None if there is none. turn: gives a seat one after so many seconds. tell:
        lets the next frame say what has changed about a seat.
        """
        self.errors = 0
        self.failing = cleaner is None
        self.last: float | None = None
        self._lock, self._every, self._cleaner = lock, every, cleaner
        self._turn, self._tell = turn, tell
        self._numbers = itertools.count()
        self._writing: dict[str, tuple[int, Turns]] = {}  # run id → its newest save that is not yet written

    def save(self, seat: Seat, force: bool = False, few: bool = False) -> float | None:
        """Have the run saved if it has changed and it is time; by the thread that works on it. force: now,
        and all of it, or few of its snapshots.

        Returns the seconds until a save is due, None if there is nothing to save. Raises Lost.
        """
        run, mark, now = seat.run, seat.mark(), time.monotonic()
        rests = mark == seat.saved_mark
        if self._cleaner is None or run is None or (rests and seat.saved_whole):
            return None
        if now < seat.next_save and not force:
            return seat.next_save - now
        # a run that rests has time for what was left for later
        seat.saved_whole = (force or rests) and not few
        # a class that began together shall not save together, now or later
        wait = self._every * random.uniform(0.9 if seat.next_save else 0.1, 1.0)
        seat.saved_mark, seat.next_save = mark, now + wait
        self._cleaner.start()
        self._write(seat, run)
        return None if seat.saved_whole else wait

    def _write(self, seat: Seat, run: HostedRun) -> None:
        """Have the run saved as it is now, and note how it goes."""
        with self._lock:
            turns, number = seat.turns, next(self._numbers)
            assert turns  # where it is, since it is in memory
            self._writing[seat.run_id] = number, turns

        def done(trouble: str) -> None:
            with self._lock:
                if not trouble and self._writing.get(seat.run_id) == (number, turns):
                    del self._writing[seat.run_id]
                self._note(seat, trouble)
            if trouble and self._cleaner:
                self._cleaner.soon()

        turns.room.save(seat.run_id, run, seat.saved_whole, done)

    def _note(self, seat: Seat, trouble: str) -> None:
        self.errors += bool(trouble)
        self.failing = bool(trouble)
        told, seat.trouble = seat.trouble, trouble
        if trouble:
            seat.saved_mark, seat.next_save = None, time.monotonic() + AGAIN
            self._turn(seat, AGAIN)  # also of a run that rests
        else:
            seat.saved_at = self.last = time.time()
        if told != trouble:
            self._tell(seat)
        else:
            seat.about_run()

    def room_of(self, run_id: str) -> Turns | None:
        """Where a run has a save that is not yet on the disk: only there it can be woken. Needs the lock."""
        return self._writing[run_id][1] if run_id in self._writing else None

    def lose(self, turns: Turns) -> None:
        """What was still to be written there is gone. Needs the lock."""
        for run, (_, writing) in list(self._writing.items()):
            if writing is turns:
                del self._writing[run]

    def close(self) -> None:
        """Nothing is saved any more."""
        if self._cleaner:
            self._cleaner.close()
