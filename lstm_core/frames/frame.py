"""Frame: all that a viewer sees of one moment of a run, and its form on the wire.

    4 bytes   length n of the header, unsigned, little-endian
    n bytes   header: JSON in UTF-8, {"meta": {…}, "arrays": [[name, dtype, shape, offset, length], …]}
    0–7 bytes zeros, up to a multiple of 8
    the rest  the arrays' bytes, little-endian, C order, each at a multiple of 8; offsets count from here

Heatmaps stand in the same table with the type "digits3", two bytes a number: three significant decimal
digits, exactly those that a hover shows (lstm_core/frames/digits.py describes the codes).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_core.frames import digits

DTYPES = {"float32": "<f4", "int32": "<i4"}
PARTS = ("unit", "survey", "held")  # that are made only for viewers who show them
DIGITS, CODES = "digits3", "<u2"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Frame:
    """All that a viewer sees of one moment.

    meta: plain JSON values. arrays: named arrays of float32 or int32. heatmaps: named matrices (rows,
    columns) of float32 or float64, which arrive as float32, rounded to three significant digits. A name
    stands for an array or for a heatmap, not for both.
    """

    meta: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    heatmaps: dict[str, np.ndarray] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes described above. Raises ValueError for what has no place on the wire."""
        if twice := self.arrays.keys() & self.heatmaps.keys():
            raise ValueError(f"{min(twice)!r} is an array and a heatmap; a name stands for one of them.")
        parts = [(name, *_array(name, array)) for name, array in self.arrays.items()]
        parts += [(name, DIGITS, matrix) for name, matrix in _coded(self.heatmaps)]
        table, chunks, offset = [], [], 0
        for name, dtype, array in parts:
            data = array.tobytes()
            table.append([name, dtype, list(array.shape), offset, len(data)])
            chunks.append(data + bytes(-len(data) % 8))
            offset += len(chunks[-1])
        # half a surrogate pair, as a browser may send while an emoji is being typed, becomes "?"
        header = _json({"meta": self.meta, "arrays": table}).encode(errors="replace")
        padding = bytes(-(4 + len(header)) % 8)
        return b"".join([struct.pack("<I", len(header)), header, padding, *chunks])

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """The frame that `encode` made these bytes from, its heatmaps rounded. Raises ValueError for anything
        else.
        """
        try:
            (length,) = struct.unpack_from("<I", data)
            header = json.loads(data[4 : 4 + length])
            start = 4 + length + (-(4 + length) % 8)
            arrays, heatmaps = {}, {}
            for name, dtype, shape, offset, size in header["arrays"]:
                chunk = data[start + offset : start + offset + size]
                if dtype == DIGITS:
                    rows, columns = shape
                    codes = np.frombuffer(chunk, dtype=CODES).reshape(rows, columns)
                    heatmaps[name] = digits.decode(codes)
                else:
                    arrays[name] = np.frombuffer(chunk, dtype=DTYPES[dtype]).reshape(shape)
            if not isinstance(header["meta"], dict):
                raise TypeError("its meta is not an object")
            return cls(header["meta"], arrays, heatmaps)
        except (struct.error, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"these bytes are not a frame: {error}") from error


def _array(name: str, array: np.ndarray) -> tuple[str, np.ndarray]:
    """Its type on the wire, and itself as it travels."""
    dtype = array.dtype.name
    if dtype not in DTYPES:
        raise ValueError(f"array {name!r} is {dtype}; frames carry {', '.join(DTYPES)}.")
    return dtype, array.astype(DTYPES[dtype], order="C", copy=False)


def _coded(heatmaps: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Each heatmap as it travels. All are coded in one call, which takes half the time of one for each."""
    for name, matrix in heatmaps.items():
        if matrix.ndim != 2 or matrix.dtype.name not in ("float32", "float64"):
            shape = "×".join(map(str, matrix.shape))
            raise ValueError(
                f"heatmap {name!r} is {shape} of {matrix.dtype}; it must be a matrix of float32 or float64."
            )
    if not heatmaps:
        return
    codes = digits.encode(np.concatenate([matrix.ravel() for matrix in heatmaps.values()]))
    codes, start = codes.astype(CODES, copy=False), 0
    for name, matrix in heatmaps.items():
        yield name, codes[start : start + matrix.size].reshape(matrix.shape)
        start += matrix.size


def _json(content: dict[str, Any]) -> str:
    try:
        return _ENCODER.encode(content)
    except ValueError:  # JSON has no NaN: a loss that is not known yet travels as null
        return _ENCODER.encode(_finite(content))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
