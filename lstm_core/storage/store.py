"""Store: saved runs as files in one folder, written so that a crash at any moment leaves a good save.

    {folder}/{run}/a.state, b.state    written in turn, so that the one before is always there, whole
    {folder}/{run}/{n}.snapshot        a moment of the time machine each, written once
    {folder}/{run}/code                the code under which others may watch, while it is shared

Files and not a database: a damaged file costs one save of one run, a run that is deleted gives its room
back at once, no run waits for another one's transaction, and a backup is a copy of the folder.
Every file begins with the SHA-256 of the rest. What a run's folder is called does not tell its token.
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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lstm_core.config.access_keys import CODE
from lstm_core.storage.checkpoint import Saved, from_bytes, snapshot_from_bytes, snapshot_to_bytes, to_bytes
from lstm_core.training.snapshots import Snapshot

LOG = logging.getLogger(__name__)
STATES = ("a.state", "b.state")
DIGEST = 32  # bytes of a SHA-256
RUN = re.compile(r"[0-9a-f]{32}")
DAY = 86_400.0
FEW = 2  # snapshots


class Damaged(ValueError):
    """A run was saved, and none of its saves can be read. A sentence for the page."""


@dataclass
class _Shelf:
    """What is known of a run's files: the serial number of its newest save, and the snapshots written."""

    serial: int = 0
    snapshots: dict[int, Snapshot] = field(default_factory=dict)  # number of the file → what is in it
    before: frozenset[int] = frozenset()  # the files that the save before needs
    next_number: int = 0


class Store:
    """Saved runs in `folder`, which is made if it is not there. Any thread may call it; one writes at a time.

    Raises OSError when the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, most_mb: float = 4000, keep_days: float = 30) -> None:
        self.folder = folder
        self.most_mb = most_mb
        self.keep_days = keep_days
        self._shelves: dict[str, _Shelf] = {}
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = folder / f".trial-{os.getpid()}"  # now, and not when the first run shall be saved
        trial.write_bytes(b"")
        trial.unlink()

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
            place.mkdir(mode=0o700, exist_ok=True)
            shelf = self._shelves.get(run) or self._look(place)
            self._shelves[run] = shelf
            numbers = self._write_snapshots(place, shelf, saved.snapshots, FEW if few else None)
            header = json.dumps({"serial": shelf.serial + 1, "snapshots": numbers}).encode()
            body = len(header).to_bytes(4, "little") + header + to_bytes(saved)
            target = place / STATES[(shelf.serial + 1) % 2]
            fresh = place / "fresh"
            with fresh.open("wb") as file:
                file.write(hashlib.sha256(body).digest())
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
            shelf.serial += 1
            needed = shelf.before | set(numbers)
            shelf.before = frozenset(numbers)
            for number in [number for number in shelf.snapshots if number not in needed]:
                del shelf.snapshots[number]
                (place / f"{number}.snapshot").unlink(missing_ok=True)

    @staticmethod
    def _write_snapshots(
        place: Path, shelf: _Shelf, snapshots: tuple[Snapshot, ...], most: int | None
    ) -> list[int]:
        """Files of these snapshots, those written before and at most so many new ones."""
        known = {id(snapshot): number for number, snapshot in shelf.snapshots.items()}
        new = [id(snapshot) for snapshot in snapshots if id(snapshot) not in known]
        count = len(new) if most is None else min(most, len(new))
        chosen = {new[len(new) * (place + 1) // count - 1] for place in range(count)}
        numbers = []
        for snapshot in snapshots:
            number = known.get(id(snapshot))
            if number is None:
                if id(snapshot) not in chosen:
                    continue
                number, shelf.next_number = shelf.next_number, shelf.next_number + 1
                path, body = place / f"{number}.snapshot", snapshot_to_bytes(snapshot)
                try:
                    path.write_bytes(hashlib.sha256(body).digest() + body)
                except OSError:  # of a full disk, not even half a file shall stay
                    path.unlink(missing_ok=True)
                    raise
                shelf.snapshots[number] = snapshot
            numbers.append(number)
        return numbers

    @staticmethod
    def _look(place: Path) -> _Shelf:
        """The shelf of files that an earlier process has left, none of whose snapshots are in memory."""
        serials = [
            header["serial"] for header, _ in map(_opened, (place / name for name in STATES)) if header
        ]
        numbers = [int(path.stem) for path in place.glob("*.snapshot") if path.stem.isdigit()]
        return _Shelf(max(serials, default=0), next_number=max(numbers, default=-1) + 1)

    def read(self, run: str) -> tuple[Saved, str]:
        """The newest good save of a run; and a sentence if a newer one is damaged, else "".

        Raises KeyError if there is none, Damaged if none of them can be read.
        """
        with self._lock:
            place = self.folder / run
            if not self.has(run):
                raise KeyError(run)
            found = [(*_opened(place / name), name) for name in STATES if (place / name).is_file()]
            damaged = [name for header, _, name in found if header is None]
            whole = [(header, body, name) for header, body, name in found if header]
            for header, body, name in sorted(whole, key=lambda one: one[0]["serial"], reverse=True):
                try:
                    saved = from_bytes(body)
                except ValueError as error:
                    LOG.error("run %s: its save %s cannot be used: %s", run, name, error)
                    damaged.append(name)
                    continue
                shelf = self._look(place)
                shelf.snapshots = self._read_snapshots(place, header["snapshots"])
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

    @staticmethod
    def _read_snapshots(place: Path, numbers: list[int]) -> dict[int, Snapshot]:
        """Those that are whole; without a damaged one the time machine has a gap there."""
        snapshots = {}
        for number in numbers:
            try:
                data = (place / f"{number}.snapshot").read_bytes()
                if hashlib.sha256(data[DIGEST:]).digest() == data[:DIGEST]:
                    snapshots[number] = snapshot_from_bytes(data[DIGEST:])
                    continue
            except (OSError, ValueError):
                pass
            LOG.error("run %s: its snapshot %d is damaged", place.name, number)
        return snapshots

    def forget(self, run: str) -> None:
        """The run is no longer in memory; its snapshots, which were kept to be recognised, need not be.

        Returns at once, also while another run is written.
        """
        self._shelves.pop(run, None)

    def delete(self, run: str) -> None:
        """Remove all files of a run."""
        with self._lock:
            self._shelves.pop(run, None)
            shutil.rmtree(self.folder / run, ignore_errors=True)

    # -- sharing -----------------------------------------------------------------------------------------

    def codes(self) -> dict[str, str]:
        """Code → run, of all runs that are shared."""
        found = {}
        for path in self.folder.glob("*/code"):
            with contextlib.suppress(OSError, ValueError):
                code = path.read_text(encoding="ascii")
                if CODE.fullmatch(code):  # not half of one
                    found[code] = path.parent.name
        return found

    def set_code(self, run: str, code: str | None) -> None:
        """Note under which code a run is shared; None: no longer. Raises OSError."""
        place = self.folder / run
        if code is None:
            (place / "code").unlink(missing_ok=True)
            return
        place.mkdir(mode=0o700, exist_ok=True)
        fresh = place / "fresh-code"
        try:
            fresh.write_text(code, encoding="ascii")
            fresh.replace(place / "code")
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    # -- room --------------------------------------------------------------------------------------------

    def clean(self, keep: set[str]) -> None:
        """Delete runs that nobody opened for `keep_days`, then the longest unused until all fit in `most_mb`;
        but none of `keep`.
        """
        runs = []
        for place in self._places():
            size, used = _size(place)
            runs.append((used, size, place.name))
        total = sum(size for _, size, _ in runs)
        oldest = time.time() - DAY * self.keep_days
        for used, size, run in sorted(runs):
            if run in keep or (used >= oldest and total <= self.most_mb * 1e6):
                continue
            LOG.info("run %s: deleted, unused for %.1f days", run, (time.time() - used) / DAY)
            self.delete(run)
            total -= size

    def stats(self) -> dict[str, float]:
        """`saved_runs`, `data_mb` that they take, and `data_free_mb` on their disk."""
        sizes = [_size(place)[0] for place in self._places()]
        free = shutil.disk_usage(self.folder).free
        return {
            "saved_runs": len(sizes),
            "data_mb": round(sum(sizes) / 1e6, 1),
            "data_free_mb": round(free / 1e6),
        }

    def _places(self) -> list[Path]:
        return [place for place in self.folder.iterdir() if RUN.fullmatch(place.name)]


def _opened(path: Path) -> tuple[dict[str, Any] | None, bytes]:
    """Header and content of a save; None where the file is damaged or not there."""
    try:
        data = path.read_bytes()
    except OSError:
        return None, b""
    body = data[DIGEST:]
    if len(body) < 4 or hashlib.sha256(body).digest() != data[:DIGEST]:
        return None, b""
    length = int.from_bytes(body[:4], "little")
    return json.loads(body[4 : 4 + length]), body[4 + length :]


def _size(place: Path) -> tuple[int, float]:
    """Bytes of a run's files, and when one was last written or used."""
    size, used = 0, 0.0
    with contextlib.suppress(OSError):
        for entry in os.scandir(place):
            with contextlib.suppress(OSError):
                status = entry.stat()
                size += status.st_size
                used = max(used, status.st_mtime)
    return size, used
