"""The files of one saved run: each begins with the SHA-256 of the rest, and is on the disk, and not only in
the system's memory, before another one that needs it is.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import time
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstm_core.storage.checkpoint import snapshot_from_bytes, snapshot_to_bytes
from lstm_core.training.snapshots import Snapshot

LOG = logging.getLogger(__name__)
STATES = ("a.state", "b.state")
DIGEST = 32  # bytes of a SHA-256
LONGEST_HEADER = 65_536  # bytes of a save's own header


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


def opened(path: Path) -> tuple[dict[str, Any] | None, bytes]:
    """Header and content of a save; None where the file is damaged or not there."""
    try:
        body = checked(path.read_bytes())
    except OSError:
        return None, b""
    if body is None or len(body) < 4:
        return None, b""
    length = int.from_bytes(body[:4], "little")
    return json.loads(body[4 : 4 + length]), body[4 + length :]


def header_of_save(path: Path) -> dict[str, int] | None:
    """`serial` and `begun` of a save, of which no more is read; None where it is damaged or not there."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(DIGEST + 4)[DIGEST:], "little")
            header = json.loads(file.read(min(length, LONGEST_HEADER)))
            return {"serial": int(header["serial"]), "begun": int(header.get("begun", 0))}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


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


def with_digest(body: bytes) -> bytes:
    """What `checked` gives `body` back for."""
    return hashlib.sha256(body).digest() + body


def checked(data: bytes) -> bytes | None:
    """What follows the digest at the beginning, None if it is not its own."""
    body = data[DIGEST:]
    return body if hashlib.sha256(body).digest() == data[:DIGEST] else None


def sync(path: Path) -> None:
    """Wait until what a file holds is on the disk. Raises OSError; what it holds is uncertain then."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that. Raises OSError."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(handle)


def size_and_use(folder: Path) -> tuple[int, float]:
    """Bytes of a folder's files, and when one of them was last written or touched, in seconds since the
    epoch.
    """
    size, used = 0, 0.0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                status = entry.stat()
                size += status.st_size
                used = max(used, status.st_mtime)
    return size, used
