"""How much a JSON text builds, found before it is built: the values take many times the room of the text."""

from __future__ import annotations

PIECE = 65_536  # bytes that are looked at at once: other threads get their turn in between


def outside_strings(data: bytes) -> tuple[int, int]:
    """How many commas, and how many opening brackets of lists and tables, stand outside of strings.

    data: JSON in UTF-8. Of what is no JSON it counts at least those that a parser meets before it stops.
    Every byte is looked at a fixed number of times, whatever stands there, and a few pieces are held at once.
    """
    commas = tables = inside = 0
    rest = b""  # a backslash whose partner is in the next piece
    for start in range(0, len(data), PIECE):
        # escaped backslashes first: what is left of them escapes what follows
        piece = (rest + data[start : start + PIECE]).replace(rb"\\", b"").replace(rb"\"", b"")
        rest = b"\\" if piece.endswith(b"\\") else b""
        parts = piece.split(b'"')  # by turns outside and inside of a string
        outside = b"".join(parts[inside::2])
        inside ^= (len(parts) - 1) % 2
        commas += outside.count(b",")
        tables += outside.count(b"[") + outside.count(b"{")
    return commas, tables
