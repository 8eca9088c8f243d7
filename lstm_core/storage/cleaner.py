"""Cleaner: makes room in the store now and then, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Set

from lstm_core.storage.store import Store

LOG = logging.getLogger(__name__)
CLEAN_EVERY = 600.0  # seconds …
SOON = 10.0  # … and from one to the next at least, where there is a need


class Cleaner:
    """Deletes what is old and what does not fit: at the first save, then every ten minutes."""

    def __init__(self, store: Store, in_memory: Callable[[], Set[str]]) -> None:
        """in_memory: the runs that shall not be deleted, as `Store.clean` asks for them, from a thread of the
        cleaner.
        """
        self._store = store
        self._in_memory = in_memory
        self._thread: threading.Thread | None = None
        self._asked = threading.Event()
        self._stopping = False

    def start(self) -> None:
        """Something is saved for the first time. Later calls do nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._clean, name="cleaner", daemon=True)
            self._thread.start()

    def soon(self) -> None:
        """Perhaps room can be made for what could not be saved."""
        self._asked.set()

    def close(self) -> None:
        """End."""
        self._stopping = True
        self._asked.set()

    def _clean(self) -> None:
        while not self._stopping:
            start = time.monotonic()
            self._asked.clear()  # who asks from now on may need room that this look does not find
            try:
                self._store.clean(self._in_memory)
            except OSError as error:
                LOG.error("saved runs cannot be looked through: %s", error)
            except Exception:  # of one run, say; room has to be made also afterwards
                LOG.exception("saved runs cannot be looked through")
            if not self._stopping and self._asked.wait(CLEAN_EVERY):
                time.sleep(max(0.0, start + SOON - time.monotonic()))
