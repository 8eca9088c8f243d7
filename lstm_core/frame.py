"""Frame: all that a viewer sees of one moment of a run, and its form on the wire.

    4 bytes   length n of the header, unsigned, little-endian
    n bytes   header: JSON in UTF-8, {"meta": {…}, "arrays": [[name, dtype, shape, offset, length], …]}
    0–7 bytes zeros, up to a multiple of 8
    the rest  the arrays' bytes, little-endian, C order, each at a multiple of 8; offsets count from here

Heatmaps travel as float16: 11 significant bits keep three decimal digits, at half the size.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

DTYPES = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}


@dataclass(frozen=True)
class Frame:
    """`meta`: plain JSON values. `arrays`: named arrays of float16, float32 or int32."""

    meta: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes described above. Raises ValueError for a dtype that has no place on the wire."""
        table, chunks, offset = [], [], 0
        for name, array in self.arrays.items():
            dtype = DTYPES.get(array.dtype.name)
            if dtype is None:
                raise ValueError(f"array {name!r} is {array.dtype}; frames carry {', '.join(DTYPES)}.")
            data = np.ascontiguousarray(array, dtype=dtype).tobytes()
            table.append([name, array.dtype.name, list(array.shape), offset, len(data)])
            chunks.append(data + bytes(-len(data) % 8))
            offset += len(chunks[-1])
        # half a surrogate pair, as a browser may send while an emoji is being typed, becomes "?"
        header = _json({"meta": self.meta, "arrays": table}).encode(errors="replace")
        padding = bytes(-(4 + len(header)) % 8)
        return b"".join([struct.pack("<I", len(header)), header, padding, *chunks])

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """The frame that `encode` made these bytes from. Raises ValueError for anything else."""
        try:
            (length,) = struct.unpack_from("<I", data)
            header = json.loads(data[4 : 4 + length])
            start = 4 + length + (-(4 + length) % 8)
            arrays = {}
            for name, dtype, shape, offset, size in header["arrays"]:
                chunk = data[start + offset : start + offset + size]
                arrays[name] = np.frombuffer(chunk, dtype=DTYPES[dtype]).reshape(shape)
            if not isinstance(header["meta"], dict):
                raise TypeError("its meta is not an object")
            return cls(header["meta"], arrays)
        except (struct.error, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"these bytes are not a frame: {error}") from error


def _json(content: dict[str, Any]) -> str:
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False)
    except ValueError:  # JSON has no NaN: a loss that is not known yet travels as null
        return json.dumps(_finite(content), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
