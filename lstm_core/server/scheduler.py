"""Workers: the threads that take the turns of a host's runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from lstm_core.runtime.room import Lost
from lstm_core.server.session import Seat
from lstm_core.server.turns import Turns

CLOSING = 5.0  # seconds that a worker gets to finish its slice when the host closes


class Workers:
    """Some for every queue. They start with the first turn."""

    def __init__(
        self,
        queues: Sequence[Turns],
        lock: threading.RLock,
        next_turn: Callable[[Turns], Seat | None],
        take_turn: Callable[[Seat, Turns], None],
        lost: Callable[[Turns], None],
    ) -> None:
        """next_turn: a seat whose turn has come, after a wait for one; needs the lock. take_turn: works on
        it. lost: called when one of them, or a look at the room, raised Lost.
        """
        self.stopping = False
        self._queues, self._lock = queues, lock
        self._next_turn, self._take_turn, self._lost = next_turn, take_turn, lost
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Needs the lock. Later calls do nothing."""
        for turns in () if self._threads else self._queues:
            for _ in range(turns.workers):
                name = f"run-worker-{len(self._threads)}"
                thread = threading.Thread(target=self._work, args=(turns,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def alive(self) -> bool:
        """Whether all of them are."""
        return not self.stopping and all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Let them finish their turns, and end. Not within the lock."""
        with self._lock:
            self.stopping = True
            for turns in self._queues:
                turns.wake()
        for thread in self._threads:
            thread.join(CLOSING)

    def _work(self, turns: Turns) -> None:
        while not self.stopping:
            try:
                turns.room.poll()
                with self._lock:
                    seat = self._next_turn(turns)
                if seat:
                    self._take_turn(seat, turns)
            except Lost:
                if not self.stopping:
                    self._lost(turns)
