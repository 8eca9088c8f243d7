"""Subscribers: who watches the runs of a host, and who is handed what."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterable

from lstm_core.config.server_settings import Limits
from lstm_core.server.session import Deliver, Session, Viewer

LOG = logging.getLogger(__name__)
CLOSED = b""  # in place of a frame: there will be no more


class Full(Exception):
    """There is no room for one more viewer; the sentence says which limit was reached."""


class Subscribers:
    """All viewers of a host, by number; each is in its session, too. Every method needs the host's lock."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._sessions: dict[int, Session] = {}  # that they watch, by viewer
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._sessions)

    def session(self, number: int) -> Session | None:
        """What a viewer watches; None for one that has left."""
        return self._sessions.get(number)

    def join(self, session: Session, deliver: Deliver, control: bool) -> Viewer:
        """One more viewer of a run, who has seen nothing yet. Raises Full."""
        if len(self) >= self.limits.viewers:
            raise Full(f"The server is full: {self.limits.viewers:,} pages are open. Try again later.")
        if not control and len(session.following) >= self.limits.followers:
            raise Full(f"{self.limits.followers:,} follow this run already. Try again later.")
        number = next(self._numbers)
        viewer = session.viewers[number] = Viewer(number, deliver, control)
        self._sessions[number] = session
        return viewer

    def leave(self, number: int) -> Viewer:
        """A viewer goes away. Raises KeyError if it has already."""
        session = self._sessions.pop(number)
        session.unwatched_since = time.monotonic()
        return session.viewers.pop(number)

    def dismiss(self, session: Session, numbers: Iterable[int]) -> None:
        """Send these viewers away, and tell them."""
        for number in list(numbers):
            self._sessions.pop(number, None)  # while the host closes, they are forgotten already
            _hand(session.viewers.pop(number), CLOSED)

    def move(self, session: Session, goal: Session) -> None:
        """Whoever follows the run of `session` follows that of `goal` from now on."""
        for number in session.following:
            goal.viewers[number] = session.viewers.pop(number)
            self._sessions[number] = goal
            goal.viewers[number].told = ""
        session.unwatched_since = time.monotonic()

    def show(self, session: Session) -> None:
        """Hand what there is to see to every viewer that is ready and has not seen it."""
        for viewer in list(session.viewers.values()):
            self.give(session, viewer)

    @staticmethod
    def give(session: Session, viewer: Viewer) -> None:
        """The same for one of them."""
        frame = session.latest if session.placed else session.notice
        if frame is not None and viewer.ready and viewer.seen is not frame:
            viewer.ready, viewer.seen = False, frame
            _hand(viewer, frame)

    @staticmethod
    def tell(session: Session) -> None:
        """Let all viewers know what the server knows of the run, where that is news."""
        followers = session.facts()
        for viewer in list(session.viewers.values()):
            facts = session.facts(viewer) if viewer.control else followers
            if viewer.told != facts:
                viewer.told = facts
                _hand(viewer, facts)

    def clear(self) -> None:
        """Forget everybody."""
        self._sessions.clear()


def _hand(viewer: Viewer, message: bytes | str) -> None:
    try:
        viewer.deliver(message)
    except Exception:  # a viewer that is going away must not stop the others
        LOG.exception("a viewer did not take its frame")
