"""SaveQueue: writes runs to the store in a thread of its own, so that nobody who trains waits for a disk."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable

from lstm_core.storage.checkpoint import Saved
from lstm_core.storage.run_files import RunFiles

LOG = logging.getLogger(__name__)
LONGEST_REST = 0.02  # seconds from one run to the next
AGAIN = 10.0  # seconds until a last save that failed is tried again
MOST_AGAIN = 64  # last saves that are kept in memory for that: what leaves it shall not fill it
CLOSING = 20.0  # seconds that the last saves get when the server ends

Done = Callable[[str], None]  # told how it went: "" or a sentence


class SaveQueue:
    """A queue of runs to write, each at most once in it: what is newer replaces what still waits."""

    def __init__(self, files: RunFiles) -> None:
        self.files = files
        self._failing = False  # whether the newest save failed
        self._forgotten: set[str] = set()  # runs that are out of memory, but not yet written
        self._left = False  # runs have left the memory since it was last given back
        self._waiting: dict[str, tuple[Saved, Done, bool]] = {}
        self._writing: tuple[str, Saved] | None = None
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._not_before: dict[str, float] = {}  # runs whose last save failed → when it is tried again

    def put(self, run: str, saved: Saved, done: Done, last: bool = False) -> None:
        """Write this soon; `done` is called from the writing thread. last: the run leaves the memory, so that
        nothing may be left for later.
        """
        with self._lock:
            self._forgotten.discard(run)
            self._waiting[run] = saved, done, last
            self._start()

    def _start(self) -> None:
        """There is something to do for the thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="saver", daemon=True)
            self._thread.start()
        self._lock.notify_all()

    def pending(self, run: str) -> Saved | None:
        """What is on its way to the disk, which is newer than what is there; the run goes on from that."""
        with self._lock:
            self._forgotten.discard(run)
            return self._pending(run)

    def _pending(self, run: str) -> Saved | None:
        if run in self._waiting:
            return self._waiting[run][0]
        return self._writing[1] if self._writing and self._writing[0] == run else None

    def forget(self, run: str) -> None:
        """The run leaves the memory: nobody need know its snapshots, once they are written."""
        with self._lock:
            if self._pending(run):
                self._forgotten.add(run)
            else:
                self.files.forget(run)
                self._left = True
                self._start()

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
                while (run := self._next()) is None and not self._stopping and not self._left:
                    self._lock.wait(AGAIN if self._waiting else None)
                if run is None and self._stopping:
                    return
                if run is not None:
                    saved, done, last = self._waiting.pop(run)
                    self._writing = run, saved
                else:
                    self._left = False
            if run is None:
                give_back()
                continue
            start = time.monotonic()
            trouble = self._try(run, saved, last)
            with self._lock:
                self._writing = None
                if trouble and last and not self._stopping:
                    self._keep(run, saved, done)
                if run in self._forgotten and not self._pending(run):
                    self._forgotten.discard(run)
                    self.files.forget(run)
                    self._left = True
            try:
                done(trouble)
            except Exception:  # whoever is told must not keep all other runs from being saved
                LOG.exception("run %s: nobody could be told how its save went", run)
            del saved, done  # while this thread waits, they shall not take memory
            with self._lock:
                if not self._stopping:  # not all at once: threads that train wait for this one, too
                    self._lock.wait(min(LONGEST_REST, time.monotonic() - start))

    def _keep(self, run: str, saved: Saved, done: Done) -> None:
        """Try it again later, since perhaps there is no other copy of it any more."""
        if len(self._not_before) >= MOST_AGAIN:
            LOG.error("run %s: its last save is given up, since too many others could not be written", run)
            return
        self._waiting.setdefault(run, (saved, done, True))
        self._not_before[run] = time.monotonic() + AGAIN

    def _next(self) -> str | None:
        """The run to write now."""
        now = time.monotonic()
        due = (run for run in self._waiting if self._stopping or self._not_before.get(run, now) <= now)
        run = next(due, None)
        if run is not None:
            self._not_before.pop(run, None)
        return run

    def _try(self, run: str, saved: Saved, last: bool) -> str:
        try:
            self.files.write(run, saved, few=not last)
        except OSError as error:
            if not self._failing:  # once, and not for every run every few seconds
                LOG.error("runs cannot be saved: %s", error)
            self._failing = True
            reason = error.strerror or type(error).__name__
            return (
                f"This run could not be saved ({reason}). It goes on; the save before is kept, and it is "
                "tried again. Tell whoever looks after the server."
            )
        except Exception:  # a run that cannot be saved must not keep the others from it
            LOG.exception("run %s: could not be saved", run)
            return "This run could not be saved, because of a fault in the playground. It goes on."
        if self._failing:
            LOG.warning("runs can be saved again")
        self._failing = False
        return ""


def give_back() -> None:
    """Give memory that is free, but that the C library keeps for what comes next, back to the system, where
    that library is glibc; elsewhere do nothing.

    Weights are small pieces, scattered over the heap: without this a process stays as large as its runs have
    ever been. Takes some ten milliseconds.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
