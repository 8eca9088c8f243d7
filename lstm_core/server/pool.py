"""Pool: the workers of a server; where one is lost, another takes its place."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from lstm_core.runtime.protocol import WorkerOptions
from lstm_core.server.backends import MakeBackend
from lstm_core.server.worker_handle import Listener, WorkerHandle

LOG = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds until a worker that did not even begin is replaced again


class Pool:
    """`count` workers. Any thread may call it."""

    def __init__(self, make: MakeBackend, count: int, listener: Listener, options: WorkerOptions) -> None:
        self._make, self._listener, self._options = make, listener, options
        self._workers = [self._new() for _ in range(count)]
        self._lock = threading.Lock()
        self._steps = 0  # of workers that are lost
        self._pause = FIRST_PAUSE
        self._closed = False

    def _new(self) -> WorkerHandle:
        return WorkerHandle(self._make(), self._listener, self._options)

    @property
    def workers(self) -> list[WorkerHandle]:
        """Those of now."""
        with self._lock:
            return list(self._workers)

    @property
    def steps(self) -> int:
        """Training steps of all runs since the server began."""
        with self._lock:
            return self._steps + sum(worker.steps for worker in self._workers)

    def least(self, load: Callable[[WorkerHandle], tuple[int, ...]]) -> WorkerHandle:
        """The worker with the least load; one that has begun rather than one that has not."""
        return min(self.workers, key=lambda worker: (*load(worker), not worker.ready.is_set()))

    def replace(self, worker: WorkerHandle, reason: str) -> None:
        """Begin another one in place of a worker that is lost. Waits a little if that one did not even begin,
        so that what cannot begin is not tried all the time.
        """
        LOG.error("a process that trains runs has ended (%s); another one begins", reason)
        if worker.ready.is_set():
            self._pause = FIRST_PAUSE
        else:
            time.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        with self._lock:
            if self._closed or worker not in self._workers:
                return
            other = self._new()
            self._steps += worker.steps
            self._workers[self._workers.index(worker)] = other
        other.start()

    def start(self) -> None:
        """Begin, which takes seconds; without it, the first run waits for that."""
        for worker in self.workers:
            worker.start()

    def wait(self) -> None:
        """Wait until all can train."""
        for worker in self.workers:
            while not (worker.ready.wait(0.1) or worker.lost):
                pass

    def works(self) -> bool:
        """Whether runs can train."""
        return not self._closed and all(worker.works() for worker in self.workers)

    def close(self) -> None:
        """Have all runs saved, and end all workers."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.begin_close()
        for worker in workers:
            worker.end_close()
