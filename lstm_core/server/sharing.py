"""Sharing: runs that others may watch, under a code."""

from __future__ import annotations

import threading

from lstm_core.config.access_keys import new_code
from lstm_core.server.placement import Placement


class Sharing:
    """Lends the runs of a host out, takes them back, and leads those who follow from one to another.

    Codes are noted on the disk, so that they are good after a restart; meanwhile nobody waits for the disk
    but who shares something at the same time.
    """

    def __init__(self, placement: Placement) -> None:
        self._placement, self._store = placement, placement.store
        self._lock = placement.lock
        self._one_at_a_time = threading.Lock()

    def share(self, token: str) -> str:
        """Let others watch the run: the code that they need, the same one as long as it is shared.

        Raises KeyError for an unknown token; OSError when it cannot be noted for after a restart.
        """
        with self._one_at_a_time:
            with self._lock:
                session = self._placement.sessions.own(token)
                if session.code is not None:
                    return session.code
            code = new_code()
            self._note(session.run_id, code)
            with self._lock:
                session = self._placement.sessions.own(token)
                session.code = code
                self._placement.sessions.codes[code] = session.run_id
                self._placement.tell_viewers(session)
            return code

    def code(self, token: str) -> str | None:
        """Under which a run is shared now. Raises KeyError for an unknown token."""
        with self._lock:
            return self._placement.sessions.own(token).code

    def unshare(self, token: str) -> None:
        """End the sharing: nobody who has followed sees any more of it. Raises KeyError, OSError."""
        with self._one_at_a_time:
            with self._lock:
                session = self._placement.sessions.own(token)
                code = session.code
            if code is None:
                return
            self._note(session.run_id, None)
            with self._lock:
                session = self._placement.sessions.own(token)
                self._placement.sessions.codes.pop(code, None)
                session.code = None
                self._placement.subscribers.dismiss(session, session.following)
                self._placement.tell_viewers(session)

    def lead(self, token: str, other: str) -> None:
        """Whoever follows the run of `token` follows that of `other` from now on, under the same code.
        Nothing happens if the one is not shared, or the other one is.

        Raises KeyError for unknown tokens; OSError when it cannot be noted for after a restart.
        """
        with self._one_at_a_time:
            with self._lock:
                session, goal = (self._placement.sessions.own(one) for one in (token, other))
                code = session.code
                if code is None or goal.code is not None:
                    return
            self._note(goal.run_id, code)
            self._note(session.run_id, None)
            with self._lock:
                session, goal = (self._placement.sessions.own(one) for one in (token, other))
                goal.code, session.code = code, None
                self._placement.sessions.codes[code] = goal.run_id
                self._placement.subscribers.move(session, goal)
                self._placement.touch(goal)
                self._placement.watched(goal)
                self._placement.subscribers.show(goal)
                self._placement.want(goal)
                if not session.viewers:
                    self._placement.unwatched(session)
                for one in (session, goal):
                    self._placement.tell_viewers(one)

    def present(self, token: str, page: str) -> None:
        """Note which page shows the run to whoever controls it, for those who follow. Raises KeyError."""
        with self._lock:
            session = self._placement.sessions.own(token)
            if session.page != page:
                session.page = page
                self._placement.tell_viewers(session)

    def page(self, key: str) -> str:
        """The page that whoever controls the run looks at, as `present` noted it; "" if it has not. Raises
        KeyError for an unknown key.
        """
        with self._lock:
            return self._placement.sessions.find(key)[0].page

    def _note(self, run: str, code: str | None) -> None:
        if self._store:
            self._store.set_code(run, code)
