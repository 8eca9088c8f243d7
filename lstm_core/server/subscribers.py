"""Audience: who watches the runs of a host, and who is handed which frame."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterable

from lstm_core.config.server_settings import Limits
from lstm_core.server.session import Deliver, Seat, Viewer

LOG = logging.getLogger(__name__)
CLOSED = b""  # in place of a frame: there will be no more


class Full(Exception):
    """There is no room for one more viewer; the sentence says which limit was reached."""


class Audience:
    """All viewers of a host, by number; each is in its seat, too. Every method needs the host's lock."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._seats: dict[int, Seat] = {}  # that they watch, by viewer
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._seats)

    def seat(self, number: int) -> Seat | None:
        """What a viewer watches; None for one that has left."""
        return self._seats.get(number)

    def join(self, seat: Seat, deliver: Deliver, control: bool) -> int:
        """One more viewer of a seat, who has seen nothing yet; returns its number. Raises Full."""
        if len(self) >= self.limits.viewers:
            raise Full(f"The server is full: {self.limits.viewers:,} pages are open. Try again later.")
        if not control and seat.followers >= self.limits.followers:
            raise Full(f"{self.limits.followers:,} follow this run already. Try again later.")
        number = next(self._numbers)
        seat.viewers[number] = Viewer(deliver, control)
        self._seats[number] = seat
        return number

    def leave(self, number: int) -> Viewer:
        """A viewer goes away. Raises KeyError if it has already."""
        seat = self._seats.pop(number)
        seat.unwatched_since = time.monotonic()
        return seat.viewers.pop(number)

    def dismiss(self, seat: Seat, numbers: Iterable[int]) -> None:
        """Send these viewers away, and tell them."""
        for number in list(numbers):
            self._seats.pop(number, None)  # while the host closes, they are forgotten already
            _hand(seat.viewers.pop(number), CLOSED)

    def move(self, seat: Seat, goal: Seat) -> None:
        """Whoever follows the run of `seat` follows that of `goal` from now on."""
        for number in seat.following:
            goal.viewers[number] = seat.viewers.pop(number)
            self._seats[number] = goal
        seat.unwatched_since = time.monotonic()

    def show(self, seat: Seat) -> None:
        """Hand what there is to see to every viewer that is ready and has not seen it."""
        for viewer in list(seat.viewers.values()):
            self.give(seat, viewer)

    @staticmethod
    def give(seat: Seat, viewer: Viewer) -> None:
        """The same for one of them."""
        frame = seat.run.latest if seat.placed and seat.run else seat.notice
        if frame is not None and viewer.ready and viewer.seen is not frame:
            viewer.ready, viewer.seen = False, frame
            _hand(viewer, frame)

    def clear(self) -> None:
        """Forget everybody."""
        self._seats.clear()


def _hand(viewer: Viewer, frame: bytes) -> None:
    try:
        viewer.deliver(frame)
    except Exception:  # a viewer that is going away must not stop the others
        LOG.exception("a viewer did not take its frame")
