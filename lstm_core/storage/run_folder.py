"""The files of one saved run: each begins with the SHA-256 of the rest, and is on the disk, and not only in
the system's memory, before another one that needs it is.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

STATES = ("a.state", "b.state")
DIGEST = 32  # bytes of a SHA-256
LONGEST_HEADER = 65_536  # bytes of a save's own header


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
