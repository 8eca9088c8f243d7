"""Places: which of a host's runs may train, which wait in line, and which have to rest."""

from __future__ import annotations

import time
from collections.abc import Callable

from lstm_core.config.server_settings import Limits
from lstm_core.frames.frame import Frame
from lstm_core.server.session import Seat

UNSEEN = 30.0  # seconds that a run without a place and without viewers stays in memory


class Places:
    """`limits.runs` of them. Every method needs the host's lock."""

    def __init__(
        self,
        seats: dict[str, Seat],
        limits: Limits,
        saved: bool,
        left: Callable[[Seat], bool],
        turn: Callable[[Seat], None],
        show: Callable[[Seat], None],
    ) -> None:
        """seats: all of the host's, by run id. saved: runs can come back. left: whether nobody has watched a
        seat for some time. turn: gives a seat one. show: hands its viewers what there is to see.
        """
        self.limits = limits
        self._seats, self._saved = seats, saved
        self._left, self._turn, self._show = left, turn, show

    def taken(self) -> int:
        """How many have one."""
        return sum(seat.placed for seat in self._seats.values())

    def fill(self) -> None:
        """Give waiting seats a place while there is one, and tell the others where they are in line."""
        now = time.monotonic()
        waiting = [seat for seat in self._seats.values() if seat.wants_place]
        if not waiting:
            return
        for seat in waiting:
            seat.waiting_since = seat.waiting_since or now
        waiting.sort(key=lambda seat: seat.waiting_since)
        free = max(0, self.limits.runs - self.taken())
        for seat in waiting[:free]:
            seat.placed, seat.notice, seat.waiting_since = True, None, 0.0
            self._turn(seat)
        waiting = waiting[free:]
        leaving = self._evict(len(waiting))
        for number, seat in enumerate(waiting[leaving:], start=leaving + 1):
            message = (
                f"All {self.limits.runs} places are taken. Yours is number {number} in the queue; "
                "training starts by itself as soon as one is free."
            )
            meta = {"status": "waiting", "message": message, "step": 0}
            meta |= {"queue": number, "places": self.limits.runs}
            notice = Frame(meta).encode()
            if notice != seat.notice:
                seat.notice = notice
                self._show(seat)

    def _evict(self, count: int) -> int:
        """Let as many runs leave as wait: those that have been without viewers the longest, if at all. How
        many are leaving, which takes just a moment.
        """
        leaving = sum(seat.leaving for seat in self._seats.values())
        idle = [
            seat for seat in self._seats.values() if seat.placed and not seat.leaving and self._left(seat)
        ]
        idle.sort(key=lambda seat: seat.unwatched_since)
        for seat in idle[: max(0, count - leaving)]:
            leaving += 1
            self.end(seat)
        return leaving

    def end(self, seat: Seat) -> None:
        """At its next turn the run is saved and gives its place back."""
        seat.leaving = True
        self._turn(seat)

    def look_after(self, now: float) -> None:
        """Put to sleep what nobody has touched for long, and fill the room. Called every second."""
        for seat in list(self._seats.values()):
            unseen = self._saved and not (seat.viewers or seat.placed)
            idle = min(UNSEEN, self.limits.idle) if unseen else self.limits.idle
            if now - seat.touched <= idle or seat.leaving or seat.awaited or seat.wants_place:
                continue
            if seat.viewers and not self._saved:
                continue  # it could not come back
            if seat.placed or seat.run:
                self.end(seat)
            elif not (seat.viewers or seat.working or seat.held):
                del self._seats[seat.run_id]
        self.fill()
