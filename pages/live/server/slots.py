"""How frames get from the threads that hand them over to the event loop that sends them."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary


class Slot:
    """Holds the newest frame (bytes) and the newest facts (str) only. `put` may be called from any thread,
    and never waits.
    """

    def __init__(self) -> None:
        self._bell = _bell_of(asyncio.get_running_loop())
        self._filled = asyncio.Event()
        self._frame: bytes | None = None
        self._facts: str | None = None

    def put(self, message: bytes | str) -> None:
        """This is the newest one of its kind now."""
        if isinstance(message, str):
            self._facts = message
        else:
            self._frame = message
        self._bell.ring(self._filled)

    async def get(self) -> list[bytes | str]:
        """Wait for what has not been got yet, and take it: facts first."""
        await self._filled.wait()
        self._filled.clear()
        (facts, self._facts), (frame, self._frame) = (self._facts, None), (self._frame, None)
        return [message for message in (facts, frame) if message is not None]


class Bell:
    """Sets events of one event loop from other threads, all that come together with a single system call:
    two hundred followers get their frame at the same moment.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._events: deque[asyncio.Event] = deque()
        self._rung = False

    def ring(self, event: asyncio.Event) -> None:
        """Set the event soon."""
        self._events.append(event)
        if self._rung:  # whoever has rung has not been heard yet
            return
        self._rung = True
        try:
            self._loop.call_soon_threadsafe(self._heard)
        except RuntimeError:  # the server is shutting down
            return

    def _heard(self) -> None:
        self._rung = False
        while self._events:
            self._events.popleft().set()


_BELLS: WeakKeyDictionary[asyncio.AbstractEventLoop, Bell] = WeakKeyDictionary()


def _bell_of(loop: asyncio.AbstractEventLoop) -> Bell:
    if loop not in _BELLS:
        _BELLS[loop] = Bell(loop)
    return _BELLS[loop]
