"""Store: saved runs as files in one folder: which there are, under which codes, and room for more.

    {folder}/{run}/a.state, b.state    written in turn, so that the one before is always there, whole
    {folder}/{run}/{n}.snapshot        a moment of the time machine each, written once
    {folder}/{run}/code                the code under which others may watch, while it is shared

Files and not a database: a damaged file costs one save of one run, a run that is deleted gives its room
back at once, no run waits for another one's transaction, and a backup is a copy of the folder.
Every file begins with the SHA-256 of the rest, and is on the disk before another one that needs it is.
What a run's folder is called does not tell its token. run_files.py writes and reads what is in them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Set
from dataclasses import replace
from pathlib import Path

from lstm_core.config.access_keys import CODE
from lstm_core.storage.retention import DAY, SavedRun, expendable
from lstm_core.storage.run_folder import STATES, header_of_save, size_and_use, sync, sync_folder

LOG = logging.getLogger(__name__)
RUN = re.compile(r"[0-9a-f]{32}")
DELETED = ".deleted-"  # and a run's name: its folder, while it is deleted


class Damaged(ValueError):
    """A run was saved, and none of its saves can be read. A sentence for the page."""


class Store:
    """Saved runs in `folder`, which is made if it is not there. Any thread may call it.

    Raises OSError when the folder cannot be made or written to.
    """

    def __init__(
        self, folder: Path, most_mb: float = 4000, keep_days: float = 30, trial: bool = True
    ) -> None:
        """trial: write to the folder now, and not when the first run shall be saved; a worker that begins
        while the disk is full does not.
        """
        self.folder = folder
        self.most_mb = most_mb
        self.keep_days = keep_days
        self.lock = threading.Lock()  # whoever writes or deletes holds it
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(OSError):  # what is above may not be for the server to read
                sync_folder(folder.parent)
        if trial:
            path = folder / f".trial-{os.getpid()}"
            path.write_bytes(b"")
            path.unlink()

    def has(self, run: str) -> bool:
        """Whether there is a save of this run, good or damaged."""
        return any((self.folder / run / name).is_file() for name in STATES)

    def make(self, run: str) -> bool:
        """Whether a run's folder had to be made; it is there from now on. Raises OSError."""
        place = self.folder / run
        try:
            place.mkdir(mode=0o700)
        except FileExistsError:
            return False
        sync_folder(self.folder)
        return True

    def delete(self, run: str) -> None:
        """Remove all files of a run: at once, so that no part of it can be opened."""
        shutil.rmtree(self._set_aside(run), ignore_errors=True)

    def _set_aside(self, run: str) -> Path:
        """Where a run's files are from now on, so that it is no longer there; it can be put back."""
        place, aside = self.folder / run, self.folder / f"{DELETED}{run}"
        with self.lock, contextlib.suppress(FileNotFoundError):
            shutil.rmtree(aside, ignore_errors=True)  # of a process that has ended amid this
            place.rename(aside)
        return aside

    def put_back(self, run: str) -> None:
        """Undo what sets a run aside, if it was: perhaps it is about to be found in use, and not deleted."""
        with contextlib.suppress(OSError):
            (self.folder / f"{DELETED}{run}").rename(self.folder / run)

    # -- sharing -----------------------------------------------------------------------------------------

    def codes(self) -> dict[str, str]:
        """Code → run, of all runs that are shared."""
        found = {}
        for path in self.folder.glob("*/code"):
            with contextlib.suppress(OSError, ValueError):
                code = path.read_text(encoding="ascii")
                if CODE.fullmatch(code) and RUN.fullmatch(path.parent.name):  # not half of one
                    found[code] = path.parent.name
        return found

    def set_code(self, run: str, code: str | None) -> None:
        """Note under which code a run is shared; None: no longer. Raises OSError."""
        place = self.folder / run
        if code is None:
            (place / "code").unlink(missing_ok=True)
            return
        self.make(run)
        fresh = place / "fresh-code"
        try:
            fresh.write_text(code, encoding="ascii")
            sync(fresh)
            fresh.replace(place / "code")
            sync_folder(place)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    # -- room --------------------------------------------------------------------------------------------

    def clean(self, keep: Callable[[], Set[str]]) -> None:
        """Delete runs that nobody opened for `keep_days`, then others until all fit in `most_mb`, in the
        order that retention.py describes; but none of those that `keep` tells.

        keep: the runs in use. It is asked again once a run is set aside to be deleted, so that none is
        deleted that comes into use meanwhile, if whoever asks `has` holds a lock until the run is noted as in
        use, and `keep` waits for that lock.
        """
        for aside in self.folder.glob(f"{DELETED}*"):
            shutil.rmtree(aside, ignore_errors=True)
        runs = [SavedRun(place.name, *size_and_use(place)) for place in self._places()]
        most, now = self.most_mb * 1e6, time.time()
        if sum(run.size for run in runs) > most:
            runs = [self._with_past(run) for run in runs]
        for run in expendable(runs, keep(), most, self.keep_days, now):
            if self._deleted_unless_used(run, keep):
                LOG.info("run %s: deleted, unused for %.1f days", run.name, (now - run.used) / DAY)

    def _with_past(self, run: SavedRun) -> SavedRun:
        """When it was begun, and how often it was saved, as its newest save says."""
        headers = [header_of_save(self.folder / run.name / name) for name in STATES]
        newest = max(
            (header for header in headers if header), key=lambda header: header["serial"], default=None
        )
        return replace(run, begun=newest["begun"], saves=newest["serial"]) if newest else run

    def _deleted_unless_used(self, run: SavedRun, keep: Callable[[], Set[str]]) -> bool:
        """Delete a run, unless it is in use or has been used since it was looked at."""
        if run.name in keep():
            return False
        aside = self._set_aside(run.name)
        if run.name in keep() or size_and_use(aside)[1] > run.used:
            with contextlib.suppress(OSError):  # unless it was put back, or saved anew, meanwhile
                aside.rename(self.folder / run.name)
            return False
        shutil.rmtree(aside, ignore_errors=True)
        return True

    def stats(self) -> dict[str, float]:
        """`saved_runs`, `data_mb` that they take, and `data_free_mb` on their disk."""
        sizes = [size_and_use(place)[0] for place in self._places()]
        free = shutil.disk_usage(self.folder).free
        return {
            "saved_runs": len(sizes),
            "data_mb": round(sum(sizes) / 1e6, 1),
            "data_free_mb": round(free / 1e6),
        }

    def _places(self) -> list[Path]:
        return [place for place in self.folder.iterdir() if RUN.fullmatch(place.name)]
