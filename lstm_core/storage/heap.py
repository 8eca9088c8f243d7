"""Heap: memory that is free, but that the C library keeps for what comes next."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Give it back to the system, where the C library is glibc; elsewhere do nothing.

    Weights are small pieces, scattered over the heap: without this a process stays as large as its runs have
    ever been. Takes some ten milliseconds.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
