"""Autosave: when the runs of a worker are saved, and how that went."""

from __future__ import annotations

import itertools
import random
import time
from collections import deque

from lstm_core.runtime.hosted_run import HostedRun
from lstm_core.storage.checkpoint import Saved
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.save_queue import SaveQueue

AGAIN = 10.0  # seconds after a save that failed


class Autosave:
    """Has every run that has changed saved every few seconds, by a thread of its own."""

    def __init__(self, files: RunFiles, every: float) -> None:
        """every: seconds from one save of a run to the next."""
        self._files, self._every = files, every
        self._queue = SaveQueue(files)
        self._numbers = itertools.count(1)
        self._finished: deque[tuple[HostedRun, int, str]] = deque()  # filled by the writing thread
        self._under_way: set[HostedRun] = set()

    @property
    def writing(self) -> bool:
        """Whether something is on its way to the disk, or has arrived there and `finished` does not know."""
        return bool(self._under_way)

    def read(self, run_id: str) -> tuple[Saved, str]:
        """A run as it was saved last, or as it is on its way to the disk; and a sentence if a newer save is
        damaged, else "". Raises KeyError, Damaged, OSError as `RunFiles.read`.
        """
        if saved := self._queue.pending(run_id):
            return saved, ""
        return self._files.read(run_id)

    def save(self, hosted: HostedRun, force: bool = False, few: bool = False) -> float | None:
        """Have the run saved if it has changed and it is time. force: now, and all of it, or few of its
        snapshots.

        Returns the seconds until a save is due, None if there is nothing to save.
        """
        mark, now = hosted.mark, time.monotonic()
        rests = mark == hosted.saved_mark
        if rests and hosted.saved_whole:
            return None
        if now < hosted.next_save and not force:
            return hosted.next_save - now
        # a run that rests has time for what was left for later
        hosted.saved_whole = (force or rests) and not few
        # a class that began together shall not save together, now or later
        wait = self._every * random.uniform(0.9 if hosted.next_save else 0.1, 1.0)
        hosted.saved_mark, hosted.next_save = mark, now + wait
        number = hosted.saving = next(self._numbers)
        self._under_way.add(hosted)
        self._queue.put(
            hosted.run_id,
            hosted.run.save(),
            lambda trouble: self._finished.append((hosted, number, trouble)),
            hosted.saved_whole,
        )
        return None if hosted.saved_whole else wait

    def finished(self) -> list[tuple[HostedRun, str]]:
        """Saves that were tried since the last call, each with "" or what went wrong; they are noted."""
        done = []
        while self._finished:
            hosted, number, trouble = self._finished.popleft()
            done.append((hosted, trouble))
            if trouble:
                hosted.saved_mark, hosted.next_save = None, time.monotonic() + AGAIN
            elif hosted.saving == number:  # and no newer one has taken its place since
                hosted.saving = None
                self._under_way.discard(hosted)
        return done

    def forget(self, run_id: str) -> None:
        """The run leaves the memory."""
        self._queue.forget(run_id)

    def close(self) -> None:
        """Write what is still on its way."""
        self._queue.close()
