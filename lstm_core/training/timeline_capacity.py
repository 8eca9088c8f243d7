"""How many snapshots of a network a timeline keeps."""

from __future__ import annotations

CAPACITY = 60  # snapshots
BYTES = 24e6  # of all of them together; of a network so large that this is few, FEWEST are kept
FEWEST = 6


def capacity(size: int) -> int:
    """Of snapshots that take `size` bytes each."""
    return max(FEWEST, min(CAPACITY, int(BYTES / max(1, size))))
