"""Sessions: all runs of a host by their ids, and the codes under which some of them are shared."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_core.config.access_keys import TOKEN, normal_code, run_id
from lstm_core.server.session import Session
from lstm_core.storage.store import Store


class Sessions:
    """Those that are in memory, or that somebody has asked for. Every method needs the host's lock.

    A key is a token, which lets its holder do everything, or a code, which lets others watch.
    """

    def __init__(self, store: Store | None) -> None:
        self.codes: dict[str, str] = store.codes() if store else {}  # code → run id
        self._store = store
        self._sessions: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __contains__(self, session: Session) -> bool:
        return self._sessions.get(session.run_id) is session

    def get(self, run: str) -> Session | None:
        """The session of a run id, if there is one."""
        return self._sessions.get(run)

    def add(self, session: Session) -> None:
        """From now on there is one more."""
        self._sessions[session.run_id] = session

    def remove(self, session: Session) -> None:
        """Forget one. Its files stay, if it has any."""
        if session in self:
            del self._sessions[session.run_id]

    def clear(self) -> None:
        """Forget all."""
        self._sessions.clear()

    def find(self, key: str) -> tuple[Session, bool]:
        """The session that a key opens, and whether it may change the run. Raises KeyError."""
        control = bool(TOKEN.fullmatch(key))
        run = run_id(key) if control else self.codes[normal_code(key)]
        session = self._sessions.get(run)
        if session is None:  # of an earlier server, or out of memory: it is read when it is needed
            if not (self._store and self._store.has(run)):
                raise KeyError("there is no such run")
            code = next((code for code, shared in self.codes.items() if shared == run), None)
            session = self._sessions[run] = Session(run, code=code)
        return session, control

    def own(self, token: str) -> Session:
        """As `find`, for what a code does not open."""
        session, control = self.find(token)
        if not control:
            raise KeyError("a code does not open this")
        return session

    def run_ids(self) -> set[str]:
        """Of all sessions."""
        return set(self._sessions)
