"""Answers: what a worker says to a question, for the thread that waits for it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

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
