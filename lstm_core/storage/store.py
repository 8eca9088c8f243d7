"""Store: saved runs as files in one folder, written so that a crash at any moment leaves a good save.

    {folder}/{run}/a.state, b.state    written in turn, so that the one before is always there, whole
    {folder}/{run}/{n}.snapshot        a moment of the time machine each, written once
    {folder}/{run}/code                the code under which others may watch, while it is shared

Files and not a database: a damaged file costs one save of one run, a run that is deleted gives its room
back at once, no run waits for another one's transaction, and a backup is a copy of the folder.
Every file begins with the SHA-256 of the rest, and is on the disk before another one that needs it is.
What a run's folder is called does not tell its token.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
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
from lstm_core.storage.checkpoint import Saved, from_bytes, to_bytes
from lstm_core.storage.retention import DAY, SavedRun, expendable
from lstm_core.storage.run_folder import (
    STATES,
    Shelf,
    found_shelf,
    header_of_save,
    opened,
    read_snapshots,
    size_and_use,
    sync,
    sync_folder,
)

LOG = logging.getLogger(__name__)
RUN = re.compile(r"[0-9a-f]{32}")
DELETED = ".deleted-"  # and a run's name: its folder, while it is deleted
FEW = 2  # snapshots


class Damaged(ValueError):
    """A run was saved, and none of its saves can be read. A sentence for the page."""


class Store:
    """Saved runs in `folder`, which is made if it is not there. Any thread may call it; one writes at a time.

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
        self._shelves: dict[str, Shelf] = {}
        self._lock = threading.Lock()
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

    def write(self, run: str, saved: Saved, few: bool = False) -> None:
        """Save a run. Only when all is on the disk it takes the place of the older one of its two saves.

        few: of the snapshots that were never written, only the newest one and some spread over the others;
        the rest follows with the next saves. A young run has many, and a class that begins together would
        keep the disk busy.

        Raises OSError (a full disk, say); then the save before is still good.
        """
        with self._lock:
            place = self.folder / run
            shelf = self._shelf(place)
            numbers = shelf.write_snapshots(place, saved.snapshots, FEW if few else None)
            about = {"serial": shelf.serial + 1, "snapshots": numbers, "begun": shelf.begun}
            header = json.dumps(about).encode()
            body = len(header).to_bytes(4, "little") + header + to_bytes(saved)
            fresh = place / "fresh"
            try:
                with fresh.open("wb") as file:
                    file.write(hashlib.sha256(body).digest())
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(place / STATES[(shelf.serial + 1) % 2])
            except OSError:
                fresh.unlink(missing_ok=True)  # it would take the room of others
                raise
            sync_folder(place)
            shelf.serial += 1
            needed, shelf.before = shelf.before | set(numbers), frozenset(numbers)
            shelf.drop(place, needed)

    def _shelf(self, place: Path) -> Shelf:
        """The shelf of a run whose folder is there from now on."""
        if self._made(place):  # also of a run that was deleted meanwhile: none of its files are there
            shelf: Shelf | None = Shelf(begun=int(time.time()))
        else:
            shelf = self._shelves.get(place.name)
        if shelf is None:
            headers = [header for header, _ in map(opened, (place / name for name in STATES))]
            shelf = found_shelf(place, [header for header in headers if header])
        self._shelves[place.name] = shelf
        return shelf

    def _made(self, place: Path) -> bool:
        """Whether a run's folder had to be made."""
        try:
            place.mkdir(mode=0o700)
        except FileExistsError:
            return False
        sync_folder(self.folder)
        return True

    def read(self, run: str) -> tuple[Saved, str]:
        """The newest good save of a run; and a sentence if a newer one is damaged, else "".

        Raises KeyError if there is none, Damaged if none of them can be read.
        """
        with self._lock:
            place = self.folder / run
            if not self.has(run):  # perhaps it is about to be found in use, and not deleted after all
                with contextlib.suppress(OSError):
                    (self.folder / f"{DELETED}{run}").rename(place)
            if not self.has(run):
                raise KeyError(run)
            found = [(*opened(place / name), name) for name in STATES if (place / name).is_file()]
            damaged = [name for header, _, name in found if header is None]
            whole = [(header, body, name) for header, body, name in found if header]
            for header, body, name in sorted(whole, key=lambda one: one[0]["serial"], reverse=True):
                try:
                    saved = from_bytes(body)
                except ValueError as error:
                    LOG.error("run %s: its save %s cannot be used: %s", run, name, error)
                    damaged.append(name)
                    continue
                shelf = found_shelf(place, [header for header, _, _ in whole])
                shelf.snapshots = read_snapshots(place, header["snapshots"])
                shelf.before = frozenset(shelf.snapshots)
                self._shelves[run] = shelf
                trouble = ""
                if damaged:
                    LOG.error("run %s: its save %s is damaged; the one before is used", run, damaged[0])
                    trouble = "The newest save of this run is damaged; it goes on from the one before."
                os.utime(place / name)
                return replace(saved, snapshots=tuple(shelf.snapshots.values())), trouble
            LOG.error("run %s: none of its saves can be read", run)
            raise Damaged("This run was saved, but its files are damaged and cannot be read.")

    def forget(self, run: str) -> None:
        """The run is no longer in memory; its snapshots, which were kept to be recognised, need not be.

        Returns at once, also while another run is written.
        """
        self._shelves.pop(run, None)

    def delete(self, run: str) -> None:
        """Remove all files of a run: at once, so that no part of it can be opened."""
        shutil.rmtree(self._set_aside(run), ignore_errors=True)

    def _set_aside(self, run: str) -> Path:
        """Where a run's files are from now on, so that it is no longer there; it can be put back."""
        place, aside = self.folder / run, self.folder / f"{DELETED}{run}"
        with self._lock, contextlib.suppress(FileNotFoundError):
            self._shelves.pop(run, None)
            shutil.rmtree(aside, ignore_errors=True)  # of a process that has ended amid this
            place.rename(aside)
        return aside

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
        self._made(place)
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
