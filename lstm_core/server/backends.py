"""Backends: where a worker runs, in a thread or in a process beside this one, and how it is reached."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
import types
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Protocol

from lstm_core.runtime.protocol import WorkerOptions

_MAIN = threading.Lock()


class Backend(Protocol):
    """One worker, from its start to its end."""

    @property
    def process(self) -> int | None:
        """Number of its process, if that is another one than this."""

    def start(self, options: WorkerOptions) -> Connection:
        """Begin; the server's end of the connection."""

    def alive(self) -> bool:
        """Whether it can still answer."""

    def kill(self) -> None:
        """End it at once, where that can be done."""

    def join(self, seconds: float) -> None:
        """Wait for its end."""


class ThreadBackend:
    """A worker in a thread of this process: for tests, and for a server with a single process."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    @property
    def process(self) -> int | None:
        return None

    def start(self, options: WorkerOptions) -> Connection:
        ours, theirs = multiprocessing.Pipe()
        self._thread = threading.Thread(target=_serve, args=(theirs, options), name="worker", daemon=True)
        self._thread.start()
        return ours

    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def kill(self) -> None:
        """A thread cannot be: it ends when it finds that its connection is closed."""

    def join(self, seconds: float) -> None:
        if self._thread:
            self._thread.join(seconds)


class ProcessBackend:
    """A worker in a process of its own: two threads of small networks get done only 1.5 times what one does,
    since a process has one interpreter lock.
    """

    def __init__(self) -> None:
        self._process: BaseProcess | None = None

    @property
    def process(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, options: WorkerOptions) -> Connection:
        context = _context()
        ours, theirs = context.Pipe()
        self._process = context.Process(  # type: ignore[attr-defined]
            target=_serve_process, args=(theirs, options), name="lstm-worker", daemon=True
        )
        with _MAIN, _no_main():
            self._process.start()
        theirs.close()  # so that the end of the process is the end of the connection
        return ours

    def alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    def join(self, seconds: float) -> None:
        if self._process:
            self._process.join(seconds)


def _serve(connection: Connection, options: WorkerOptions) -> None:
    """The thread. What trains is imported here, torch above all: a server that only hands on needs none."""
    from lstm_core.runtime.serve import serve

    serve(connection, options)


def _serve_process(connection: Connection, options: WorkerOptions) -> None:
    """The process."""
    from lstm_core.runtime.serve import serve_process

    serve_process(connection, options)


def _context() -> BaseContext:
    """Processes that share what they import, where the system can fork; elsewhere each imports it anew."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lstm_core.runtime.preload"])
    return context


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """A new process would first run this program's main script once more, a web server or a page, say."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


MakeBackend = Callable[[], Backend]
