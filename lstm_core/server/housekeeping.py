"""Housekeeping: what a host looks after every second, and what it deletes now and then."""

from __future__ import annotations

import logging
import threading

from lstm_core.server.placement import Placement
from lstm_core.storage.cleaner import Cleaner

LOG = logging.getLogger(__name__)
EVERY = 1.0  # seconds


class Housekeeping:
    """A thread that begins with the first run. `rounds`: that it has gone so far."""

    def __init__(self, placement: Placement) -> None:
        self.rounds = 0
        self._placement = placement
        self._cleaner = Cleaner(placement.store, self._in_memory) if placement.store else None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Later calls do nothing. Needs the host's lock."""
        if self._thread is None and not self._ended.is_set():
            self._thread = threading.Thread(target=self._work, name="housekeeping", daemon=True)
            self._thread.start()
            if self._cleaner:
                self._cleaner.start()

    def alive(self) -> bool:
        """Whether it does what it should."""
        return self._thread is None or self._thread.is_alive()

    def close(self) -> None:
        """End."""
        self._ended.set()
        if self._cleaner:
            self._cleaner.close()
        if self._thread:
            self._thread.join()

    def _in_memory(self) -> set[str]:
        with self._placement.lock:
            return self._placement.sessions.run_ids()

    def _work(self) -> None:
        errors = 0
        while not self._ended.wait(EVERY):
            try:
                with self._placement.lock:
                    self._placement.look_after()
            except Exception:  # it comes again in a second, and the runs need it
                LOG.exception("looking after the runs failed")
            if self._cleaner and self._placement.save_errors > errors:
                errors = self._placement.save_errors
                self._cleaner.soon()  # perhaps room can be made for what could not be saved
            self.rounds += 1
