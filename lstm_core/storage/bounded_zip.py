"""A zip of two members from anybody: no more of it is read than they may take, whatever it says of itself."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

LONGEST_DIRECTORY = 16_384  # bytes; two entries take some hundred, with all that other programs note there
LONGEST_COMMENT = 65_535  # bytes, as in the format
END, END64, LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
END_SIZE, END64_SIZE, LOCATOR64_SIZE = 22, 56, 20  # bytes
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, RuntimeError, IndexError)


class BoundedZip:
    """Members of a zip that holds exactly those that are wanted."""

    def __init__(self, archive: zipfile.ZipFile, names: tuple[str, ...]) -> None:
        """Raises ValueError, one sentence, for other members, encrypted ones, and other compressions than
        the usual one.
        """
        found = archive.infolist()
        given = [member.filename for member in found]
        if sorted(given) != sorted(names):
            shown = ", ".join(name[:40] for name in given[:3]) or "nothing"
            raise ValueError(f"{_wanted(names)}, and holds {shown}")
        for member in found:
            if member.flag_bits & 1:
                raise ValueError(f"{member.filename} is encrypted")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{member.filename} is compressed in a way that is not read here")
        self._archive = archive

    def read(self, name: str, most: int) -> bytes:
        """All of a member. Raises ValueError if that is more than `most` bytes; never more are unpacked."""
        member = self._archive.getinfo(name)
        if member.file_size > most:
            raise ValueError(f"{name} is larger than such a run can be")
        with self._archive.open(member) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise ValueError(f"{name} is larger than such a run can be")
        return data


@contextlib.contextmanager
def open_zip(data: bytes, names: tuple[str, ...]) -> Iterator[BoundedZip]:
    """A zip that has to hold these members once each and nothing else; `data` is all of it.

    Raises ValueError, one sentence; also within the block, for what turns out to be damaged.
    """
    try:
        if _directory_size(data) > LONGEST_DIRECTORY:  # ZipFile would read all of it
            raise ValueError(f"{_wanted(names)}, and its list of files is longer than that of two")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield BoundedZip(archive, names)
    except BROKEN as error:
        raise ValueError(
            "it is no zip file, or it is damaged; “Run file” under “Take home” saves one"
        ) from error


def _wanted(names: tuple[str, ...]) -> str:
    return f"it has to hold {' and '.join(names)} once each and nothing else"


def _directory_size(data: bytes) -> int:
    """Bytes of the list of members, as its end record says, which every reader believes; how many members it
    says there are is believed by none.

    Raises BadZipFile if there is no such record, or if readers could disagree which one it is.
    """
    place = len(data) - END_SIZE
    if data[place : place + 4] != END or data[-2:] != b"\0\0":  # there is a comment behind it
        start = max(0, place - LONGEST_COMMENT)
        if data.count(END, start) != 1:
            raise zipfile.BadZipFile("no end record, or several")
        place = data.find(END, start)
    (size,) = struct.unpack_from("<I", data, place + 12)
    locator = place - LOCATOR64_SIZE
    if locator < 0 or data[locator : locator + 4] != LOCATOR64:
        return int(size)
    end64 = locator - END64_SIZE
    (claimed,) = struct.unpack_from("<Q", data, locator + 8)
    if claimed != end64 or data[end64 : end64 + 4] != END64:
        raise zipfile.BadZipFile("the larger end record is elsewhere")
    (size64,) = struct.unpack_from("<Q", data, end64 + 40)
    return int(max(size, size64) if size != 0xFFFFFFFF else size64)
