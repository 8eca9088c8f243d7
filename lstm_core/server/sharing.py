"""Sharing: a host's runs that others may watch, under a code."""

from __future__ import annotations

from lstm_core.config.access_keys import new_code
from lstm_core.server.seats import Seats


class SharedSeats(Seats):
    """Lends runs out, takes them back, and leads those who follow from one to another."""

    def share(self, token: str) -> str:
        """Let others watch the run: the code that they need, the same one as long as it is shared.

        Raises KeyError for an unknown token; OSError when it cannot be noted for after a restart.
        """
        with self._lock:
            seat = self._own(token)
            if seat.code is None:
                code = new_code()
                if self._store:
                    self._store.set_code(seat.run_id, code)
                seat.code, self._codes[code] = code, seat.run_id
                self._tell(seat)
            return seat.code

    def shared(self, token: str) -> str | None:
        """The code under which a run is shared now. Raises KeyError for an unknown token."""
        with self._lock:
            return self._own(token).code

    def unshare(self, token: str) -> None:
        """End the sharing: nobody who has followed sees any more of it. Raises KeyError."""
        with self._lock:
            seat = self._own(token)
            if seat.code is None:
                return
            if self._store:
                self._store.set_code(seat.run_id, None)
            del self._codes[seat.code]
            seat.code = None
            self._audience.dismiss(seat, seat.following)
            self._tell(seat)

    def lead(self, token: str, other: str) -> None:
        """Whoever follows the run of `token` follows that of `other` from now on, under the same code.
        Nothing happens if the one is not shared, or the other one is.

        Raises KeyError for unknown tokens; OSError when it cannot be noted for after a restart.
        """
        with self._lock:
            seat, goal = self._own(token), self._own(other)
            if seat.code is None or goal.code is not None:
                return
            if self._store:
                self._store.set_code(goal.run_id, seat.code)
                self._store.set_code(seat.run_id, None)
            goal.code, seat.code = seat.code, None
            self._codes[goal.code] = goal.run_id
            self._audience.move(seat, goal)
            self._touch(goal)
            self._audience.show(goal)
            self._tell(seat)
            self._tell(goal)

    def present(self, token: str, page: str) -> None:
        """Note which page shows the run to whoever controls it, for those who follow. Raises KeyError."""
        with self._lock:
            seat = self._own(token)
            if seat.page != page:
                seat.page = page
                self._tell(seat)

    def page(self, key: str) -> str:
        """The page that whoever controls the run looks at, as `present` noted it; "" if it has not. Raises
        KeyError for an unknown key.
        """
        with self._lock:
            return self._find(key)[0].page
