"""Saver: writes runs to the store from a thread of its own, so that nobody who trains waits for a disk."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from lstm_core.checkpoint import Saved
from lstm_core.store import Store

LOG = logging.getLogger(__name__)
CLEAN_EVERY = 600.0  # seconds
LONGEST_REST = 0.02  # seconds from one run to the next
CLOSING = 20.0  # seconds that the last saves get when the server ends

Done = Callable[[str], None]  # told how it went: "" or a sentence


class Saver:
    """A queue of runs to write, each at most once in it: what is newer replaces what still waits."""

    def __init__(self, store: Store, in_memory: Callable[[], set[str]]) -> None:
        """in_memory: the runs that shall not be deleted when room is made."""
        self.store = store
        self.errors = 0  # saves that failed
        self.failing = False  # whether the newest one did
        self.last = 0.0  # when one succeeded, in seconds since the epoch
        self._in_memory = in_memory
        self._waiting: dict[str, tuple[Saved, Done, bool]] = {}
        self._writing: tuple[str, Saved] | None = None
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._next_cleaning = 0.0

    def put(self, run: str, saved: Saved, done: Done, last: bool = False) -> None:
        """Write this soon; `done` is called from the writing thread. last: the run leaves the memory, so that
        nothing may be left for later.
        """
        with self._lock:
            self._waiting[run] = saved, done, last
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="saver", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def pending(self, run: str) -> Saved | None:
        """What is on its way to the disk, which is newer than what is there."""
        with self._lock:
            if run in self._waiting:
                return self._waiting[run][0]
            return self._writing[1] if self._writing and self._writing[0] == run else None

    def close(self) -> None:
        """Write what still waits, and end."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        if self._thread:
            self._thread.join(CLOSING)

    def _write(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._stopping:
                    self._lock.wait()
                if not self._waiting:
                    return
                run = next(iter(self._waiting))
                saved, done, last = self._waiting.pop(run)
                self._writing = run, saved
            start = time.monotonic()
            trouble = self._try(run, saved, last)
            with self._lock:
                self._writing = None
            done(trouble)
            with self._lock:
                if not self._stopping:  # not all at once: threads that train wait for this one, too
                    self._lock.wait(min(LONGEST_REST, time.monotonic() - start))

    def _try(self, run: str, saved: Saved, last: bool) -> str:
        try:
            if time.monotonic() >= self._next_cleaning:
                self._next_cleaning = time.monotonic() + CLEAN_EVERY
                self.store.clean(self._in_memory())
            self.store.write(run, saved, few=not last)
        except OSError as error:
            self.errors += 1
            self._next_cleaning = 0.0  # perhaps room can be made
            if not self.failing:  # once, and not for every run every few seconds
                LOG.error("runs cannot be saved: %s", error)
            self.failing = True
            reason = error.strerror or type(error).__name__
            return (
                f"This run could not be saved ({reason}). It goes on; the save before is kept, and it is "
                "tried again. Tell whoever looks after the server."
            )
        except Exception:  # a run that cannot be saved must not keep the others from it
            LOG.exception("run %s: could not be saved", run)
            self.errors += 1
            return "This run could not be saved, because of a fault in the playground. It goes on."
        if self.failing:
            LOG.warning("runs can be saved again")
        self.failing, self.last = False, time.time()
        return ""
