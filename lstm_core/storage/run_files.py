"""RunFiles: writes and reads saved runs, so that a crash at any moment leaves a good save of each."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lstm_core.storage.checkpoint import Saved, from_bytes, snapshot_from_bytes, snapshot_to_bytes, to_bytes
from lstm_core.storage.run_folder import STATES, checked, opened, sync, sync_folder, with_digest
from lstm_core.storage.store import Damaged, Store
from lstm_core.training.snapshots import Snapshot

LOG = logging.getLogger(__name__)
FEW = 2  # snapshots


class RunFiles:
    """The files of all runs of a store. Any thread may call it; one writes at a time."""

    def __init__(self, store: Store) -> None:
        self.folder = store.folder
        self._store = store
        self._shelves: dict[str, Shelf] = {}

    def write(self, run: str, saved: Saved, few: bool = False) -> None:
        """Save a run. Only when all is on the disk it takes the place of the older one of its two saves.

        few: of the snapshots that were never written, only the newest one and some spread over the others;
        the rest follows with the next saves. A young run has many, and a class that begins together would
        keep the disk busy.

        Raises OSError (a full disk, say); then the save before is still good.
        """
        with self._store.lock:
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
        if self._store.make(place.name):  # also of one that was deleted meanwhile: nothing of it is there
            shelf: Shelf | None = Shelf(begun=int(time.time()))
        else:
            shelf = self._shelves.get(place.name)
        if shelf is None:
            headers = [header for header, _ in map(opened, (place / name for name in STATES))]
            shelf = found_shelf(place, [header for header in headers if header])
        self._shelves[place.name] = shelf
        return shelf

    def read(self, run: str) -> tuple[Saved, str]:
        """The newest good save of a run; and a sentence if a newer one is damaged, else "".

        Raises KeyError if there is none, Damaged if none of them can be read.
        """
        with self._store.lock:
            place = self.folder / run
            if not self._store.has(run):
                self._store.put_back(run)
            if not self._store.has(run):
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


@dataclass
class Shelf:
    """What is known of a run's files.

    serial: number of the newest save. begun: when the first one was written, in whole seconds since
    the epoch; 0 where that was not noted.
    snapshots: number of the file → what is in it, of those that are in memory. before: the files that the
    newest save needs. there: all that there are.
    """

    serial: int = 0
    begun: int = 0
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    before: frozenset[int] = frozenset()
    there: set[int] = field(default_factory=set)
    next_number: int = 0

    def write_snapshots(self, place: Path, snapshots: tuple[Snapshot, ...], most: int | None) -> list[int]:
        """Files of these snapshots, those written before and at most so many new ones; all on the disk.

        Raises OSError; then no new one stays.
        """
        known = {id(snapshot): number for number, snapshot in self.snapshots.items()}
        new = [id(snapshot) for snapshot in snapshots if id(snapshot) not in known]
        count = len(new) if most is None else min(most, len(new))
        chosen = {new[len(new) * (nth + 1) // count - 1] for nth in range(count)}
        numbers = []
        written: dict[Path, tuple[int, Snapshot]] = {}
        try:
            for snapshot in snapshots:
                number = known.get(id(snapshot))
                if number is None:
                    if id(snapshot) not in chosen:
                        continue
                    number, self.next_number = self.next_number, self.next_number + 1
                    path = place / f"{number}.snapshot"
                    written[path] = number, snapshot
                    path.write_bytes(with_digest(snapshot_to_bytes(snapshot)))
                numbers.append(number)
            for path in written:  # when all are on their way
                sync(path)
        except OSError:  # not even half a file shall take the room of others
            for path in written:
                path.unlink(missing_ok=True)
            raise
        self.snapshots.update(written.values())
        self.there.update(number for number, _ in written.values())
        return numbers

    def drop(self, place: Path, needed: Set[int]) -> None:
        """Delete all snapshots but those that are needed."""
        for number in self.there - needed:
            (place / f"{number}.snapshot").unlink(missing_ok=True)
            self.there.discard(number)
            self.snapshots.pop(number, None)


def found_shelf(place: Path, headers: list[dict[str, Any]]) -> Shelf:
    """The shelf of files that an earlier process has left, none of whose snapshots are in memory. headers: of
    the saves that are whole.
    """
    newest: dict[str, Any] = max(
        headers, key=lambda header: int(header["serial"]), default={"serial": 0, "snapshots": []}
    )
    there = {int(path.stem) for path in place.glob("*.snapshot") if path.stem.isdigit()}
    named = {number for header in headers for number in header["snapshots"]}
    return Shelf(
        serial=newest["serial"],
        begun=newest.get("begun", 0) if headers else int(time.time()),
        before=frozenset(newest["snapshots"]),
        there=there,
        next_number=max(there | named, default=-1) + 1,
    )


def read_snapshots(place: Path, numbers: list[int]) -> dict[int, Snapshot]:
    """Those that are whole; without a damaged one the time machine has a gap there."""
    snapshots = {}
    for number in numbers:
        try:
            body = checked((place / f"{number}.snapshot").read_bytes())
            if body is not None:
                snapshots[number] = snapshot_from_bytes(body)
                continue
        except (OSError, ValueError):
            pass
        LOG.error("run %s: its snapshot %d is damaged", place.name, number)
    return snapshots
