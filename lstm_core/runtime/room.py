"""Room: where runs live and are saved. A host has one in its own process, or several that are processes each.

This one is in the process that uses it; remote.py has one at the other end of a pipe, with the same methods.
"""

from __future__ import annotations

from collections.abc import Iterator

from lstm_core.experiments.registry import SubjectConfig
from lstm_core.runtime.hosted import HostedRun
from lstm_core.runtime.run import Run
from lstm_core.storage.checkpoint import Saved
from lstm_core.storage.save_queue import Done, Saver
from lstm_core.storage.store import Store


class Lost(ValueError):
    """What runs lived in is gone; those that were saved can be woken. A sentence for the page."""


class Room:
    """Makes runs, reads saved ones, and saves them from a thread of its own if there is a store."""

    patience = 60.0  # seconds after which `poll` shall be called at the latest

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._saver = Saver(store) if store else None

    def start(self) -> None:
        """Prepare for runs, if that takes long. Later calls do nothing."""

    def meet(self) -> None:
        """Wait until it is prepared."""

    def open(self, config: SubjectConfig) -> HostedRun:
        """A new run."""
        return Run(config)

    def adopt(self, saved: Saved) -> HostedRun:
        """A run that goes on from what was saved."""
        return Run(saved.config, saved=saved)

    def branch(self, run: HostedRun, step: int) -> HostedRun:
        """A run that goes on from where one of this room was at `step`, or at the last snapshot before.

        Raises ValueError while that one has no network yet.
        """
        assert isinstance(run, Run)
        run.restore()
        branch = run.branch(step)
        return Run(branch.config, branch=branch)

    def wake(self, run_id: str) -> tuple[HostedRun, str]:
        """A run as it was saved last; and a sentence if a newer save is damaged, else "".

        Raises KeyError, Damaged, OSError as `Store.read`.
        """
        if self._store is None or self._saver is None:
            raise KeyError(run_id)
        if saved := self._saver.pending(run_id):
            return self.adopt(saved), ""
        saved, trouble = self._store.read(run_id)
        return self.adopt(saved), trouble

    def save(self, run_id: str, run: HostedRun, whole: bool, done: Done) -> None:
        """Save a run as it is now, soon. whole: nothing may be left for later. done: told how it went, from
        some thread, unless a newer save has taken its place. Only who works on the run may call it.
        """
        if self._saver:
            self._saver.put(run_id, run.save(), done, whole)

    def film(self, run: HostedRun) -> Iterator[bytes]:
        """An encoded frame of every snapshot of a run. Call it between two of the run's turns; the frames may
        be made while it trains.
        """
        assert isinstance(run, Run)
        run.restore()
        return run.film()

    def release(self, run_id: str, run: HostedRun | None) -> None:
        """The run is not needed in memory any more. Returns at once."""
        if self._saver:
            self._saver.forget(run_id)

    def poll(self) -> None:
        """Hear of what has happened meanwhile, if need be; never within the host's lock."""

    @property
    def process(self) -> int | None:
        """Number of the process that runs live in, if it is another one than this."""
        return None

    def works(self) -> bool:
        """Whether runs can train here."""
        return True

    def revive(self) -> None:
        """After Lost: begin again, without any runs."""

    def close(self) -> None:
        """Write what is still to be saved. No run is used any more."""
        if self._saver:
            self._saver.close()
