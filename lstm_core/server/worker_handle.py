"""WorkerHandle: the server's end of one worker. Nobody who tells it something ever waits for it."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Protocol

from lstm_core.runtime.protocol import BEAT, Message, WorkerOptions
from lstm_core.server.backends import Backend

LOG = logging.getLogger(__name__)
STARTING = 120.0  # seconds until a worker is heard of for the first time
SILENCE = 5.0  # seconds without a beat, after which it hangs
STUCK = 30.0  # seconds of one turn, after which it hangs, too; no turn takes longer than a few
CLOSING = 25.0  # seconds that a worker gets to save what there is
PATIENCE = 60.0  # seconds that an answer may take, or the next part of one
GONE = "A process of the server has ended. Its runs go on from their last saves in a moment: try again."


class WorkerLost(ValueError):
    """What runs lived in is gone; those that were saved go on elsewhere. A sentence for the page."""


class Answer:
    """One answer, whole or in parts. Waiting for it raises what the worker raised, KeyError, ValueError …,
    and WorkerLost where none comes.
    """

    def __init__(self) -> None:
        self._parts: queue.SimpleQueue[tuple[bool, Any, Exception | None]] = queue.SimpleQueue()

    def put(self, value: Any, error: Exception | None = None, last: bool = True) -> None:
        """A part of it, or the last one."""
        self._parts.put((last, value, error))

    def lose(self) -> None:
        """None will come."""
        self.put(None, WorkerLost(GONE))

    def value(self) -> Any:
        """All of it, where it comes in one."""
        return self._next()[1]

    def __iter__(self) -> Iterator[Any]:
        """Its parts, as they come."""
        while True:
            last, value = self._next()
            if last:
                return
            yield value

    def _next(self) -> tuple[bool, Any]:
        try:
            last, value, error = self._parts.get(timeout=PATIENCE)
        except queue.Empty:
            raise WorkerLost("The server took too long to answer: try again.") from None
        if error:
            raise error
        return last, value


class Listener(Protocol):
    """Who hears of a worker's events, from a thread of its handle."""

    def on_event(self, worker: WorkerHandle, name: str, args: tuple[Any, ...]) -> None:
        """An event of protocol.py, but for beats, answers and log records."""

    def on_lost(self, worker: WorkerHandle, reason: str) -> None:
        """It has ended, or hangs and was killed; none of its runs is there any more."""


class WorkerHandle:
    """`steps`: of all its runs, as it has said last. `turn`: the run that has its turn, if it is
    young, else "". `lost`: it is gone for good.
    """

    def __init__(self, backend: Backend, listener: Listener, options: WorkerOptions) -> None:
        self.steps = 0
        self.turn = ""
        self.lost = False
        self.ready = threading.Event()
        self._backend, self._listener, self._options = backend, listener, options
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._answers: dict[int, Answer] = {}  # that are not complete
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._started = self._closing = False
        self._threads: list[threading.Thread] = []

    @property
    def process(self) -> int | None:
        """Number of the process that runs live in, if it is another one than this."""
        return self._backend.process

    def start(self) -> None:
        """Begin; it takes a second or more until it trains. Later calls do nothing."""
        with self._lock:
            if self._started:
                return
            self._started = True
            thread = threading.Thread(target=self._read, name="worker-events", daemon=True)
            self._threads.append(thread)
            thread.start()

    def send(self, *command: Any) -> None:
        """Tell it something. Returns at once; what is told to one that is lost is forgotten."""
        self.start()
        self._outbox.put(command)

    def ask(self, name: str, *args: Any) -> Answer:
        """Ask a question. Returns at once; whoever reads the answer waits."""
        number, answer = next(self._numbers), Answer()
        with self._lock:
            if self.lost or self._closing:
                answer.lose()
                return answer
            self._answers[number] = answer
        self.send("call", number, name, args)
        return answer

    def works(self) -> bool:
        """Whether runs can train here, or will as soon as it has begun."""
        return not self.lost and not self._closing and (not self._started or self._starts_or_lives())

    def _starts_or_lives(self) -> bool:
        return not self.ready.is_set() or self._backend.alive()

    def begin_close(self) -> None:
        """Have it save what there is, and end."""
        with self._lock:
            self._closing = True
            started = self._started
        if started:
            self._outbox.put(("close",))

    def end_close(self) -> None:
        """Wait until it has, and end it anyway after some time."""
        for thread in self._threads[:1]:
            thread.join(CLOSING)
        self._backend.kill()
        self._backend.join(CLOSING)
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(CLOSING)

    # -- threads -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Start the worker, and hear its events until it is gone."""
        connection = None
        try:
            connection = self._backend.start(self._options)
            writer = threading.Thread(
                target=self._write, args=(connection,), name="worker-commands", daemon=True
            )
            self._threads.append(writer)
            writer.start()
            patience = STARTING
            while True:
                if not connection.poll(patience):
                    raise TimeoutError(f"it was not heard of for {patience:g} seconds")
                name, *args = connection.recv()
                patience = SILENCE if self._backend.process is not None else STARTING
                if name == "closed":
                    return
                self._hear(name, tuple(args))
        except Exception as error:  # whatever it is, this worker is of no use any more
            self._lose(str(error) or type(error).__name__)
        finally:
            self._outbox.put(None)
            if connection:
                connection.close()

    def _hear(self, name: str, args: tuple[Any, ...]) -> None:
        if name == "beat":
            self.steps, busy = args
            if busy > STUCK and self._backend.process is not None:
                raise TimeoutError(f"one turn has taken {busy:.0f} seconds")
        elif name == "ready":
            self.ready.set()
        elif name == "turn":
            (self.turn,) = args
        elif name in ("part", "answer"):
            number, value = args[:2]
            with self._lock:
                answer = self._answers[number] if name == "part" else self._answers.pop(number)
            answer.put(value, args[2] if name == "answer" else None, last=name == "answer")
        elif name == "log":
            (record,) = args
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
        else:
            try:
                self._listener.on_event(self, name, args)
            except Exception:  # of one run: the others are still to be heard
                LOG.exception("an event could not be heard: %s", name)

    def _write(self, connection: Connection) -> None:
        while (command := self._outbox.get()) is not None:
            try:
                connection.send(command)
            except (OSError, ValueError):  # the reader notices, too
                return

    def _lose(self, reason: str) -> None:
        with self._lock:
            if self.lost or self._closing:
                return
            self.lost = True
            answers = list(self._answers.values())
        self._backend.kill()
        self._backend.join(2 * BEAT)
        for answer in answers:
            answer.lose()
        self._listener.on_lost(self, reason)
