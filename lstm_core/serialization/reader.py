"""Reading a saved state: every value is looked at before it is used, whoever wrote it.

A state is a tree of dicts with str keys, lists, str, bool, int, float, None, torch tensors and NumPy arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

LARGEST = 2**53  # whole numbers up to here are exact as float64, too
LARGEST_LOSS = 3.5e38  # float32 ends below
T = TypeVar("T")


class Reader:
    """Takes the values out of one dict of a state by their names, each of which has to be there.

    Every method raises ValueError, one sentence, for a value that is not what it should be.
    """

    def __init__(self, state: Any, about: str) -> None:
        """about: what the dict describes, for the sentences."""
        if not isinstance(state, dict):
            raise ValueError(f"the {about} is {_kind(state)}; it must be a table of names and values.")
        self.about = about
        self._left = dict(state)

    def take(self, name: str) -> Any:
        """A value of any kind."""
        try:
            return self._left.pop(name)
        except KeyError:
            raise ValueError(f"the {self.about} has no {name!r}.") from None

    def default(self, name: str, value: Any) -> None:
        """What `name` is where nobody has said: older files lack it."""
        self._left.setdefault(name, value)

    def rest(self) -> dict[str, Any]:
        """All that nobody has taken."""
        left, self._left = self._left, {}
        return left

    def end(self) -> None:
        """There has to be nothing else."""
        for name in self._left:
            raise ValueError(f"the {self.about} has {str(name)[:40]!r}, which is unknown.")

    def count(self, name: str, low: int = 0, high: int = LARGEST) -> int:
        """A whole number in [low, high]."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            shown = f"{value!r:.40}" if not isinstance(value, int) or abs(value) <= LARGEST else "too large"
            raise self._wrong(name, f"{shown}; it must be a whole number from {low:,} to {high:,}")
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A number in [low, high], or not a number."""
        value = self.take(name)
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
        if not (whole or isinstance(value, float)) or value < low or value > high:
            shown = type(value).__name__ if isinstance(value, int) else f"{value!r:.40}"
            raise self._wrong(name, f"{shown}; it must be a number from {low:g} to {high:g}")
        return float(value)

    def positive(self, name: str) -> float:
        """A loss, a time or a rate, or not a number."""
        return self.number(name, 0.0, LARGEST_LOSS)

    def text(self, name: str, longest: int = 10_000) -> str:
        value = self.take(name)
        if not isinstance(value, str) or len(value) > longest:
            raise self._wrong(name, f"{_kind(value)}; it must be a text of at most {longest:,} characters")
        return value

    def items(self, name: str, fewest: int, most: int) -> list[Any]:
        """A list."""
        value = self.take(name)
        if not isinstance(value, list) or not fewest <= len(value) <= most:
            raise self._wrong(name, f"{_kind(value)}; it must be a list of {fewest} to {most:,}")
        return value

    def maybe(self, name: str, read: Callable[..., T], *args: Any) -> T | None:
        """None, or what `read`, a method of this reader, takes."""
        if name in self._left and self._left[name] is None:
            return self._left.pop(name)
        return read(name, *args)

    def array(self, name: str, shape: tuple[int | None, ...], dtype: Any) -> np.ndarray:
        """A NumPy array of this shape, in which None stands for any length. A copy."""
        value = self.take(name)
        if (
            not isinstance(value, np.ndarray)
            or value.dtype != dtype
            or value.ndim != len(shape)
            or any(want not in (None, got) for want, got in zip(shape, value.shape, strict=True))
        ):
            wanted = "×".join("n" if size is None else str(size) for size in shape)
            found = _kind(value)
            raise self._wrong(name, f"{found}; it must be an array of {np.dtype(dtype)}, {wanted}")
        return value.copy()

    def values(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """Losses, shares or seconds, or not a number, as float64 of this shape. A copy."""
        table = self.array(name, shape, np.float64)
        if ((table < 0) | (table > LARGEST_LOSS)).any():
            raise self._wrong(name, "out of range; its numbers must be those of float32, from 0")
        return table

    def tensors(self, name: str, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors with the names, shapes and types of those in `like`. Copies."""
        value = self.take(name)
        if not isinstance(value, dict) or value.keys() != like.keys():
            raise self._wrong(name, f"not the weights of this network: {', '.join(like)}")
        for key, wanted in like.items():
            if not matches(value[key], wanted):
                shape = "×".join(map(str, wanted.shape))
                raise self._wrong(
                    f"{name} {key}", f"{_kind(value[key])}; it must be {shape} of {wanted.dtype}"
                )
        return {key: value[key].detach().clone() for key in like}

    def stream(self, name: str) -> dict[str, Any]:
        """The state of a stream of random numbers."""
        value = self.take(name)
        reader = Reader(value, "random stream")
        kind = reader.take("bit_generator")
        inner = Reader(reader.take("state"), "random stream")
        state = {"state": inner.count("state", 0, 2**128 - 1), "inc": inner.count("inc", 0, 2**128 - 1)}
        has, kept = reader.count("has_uint32", 0, 1), reader.count("uinteger", 0, 2**32 - 1)
        inner.end()
        reader.end()
        if kind != "PCG64" or state["inc"] % 2 == 0:  # an even increment has a short period
            raise self._wrong(name, "not a state of PCG64")
        return {"bit_generator": kind, "state": state, "has_uint32": has, "uinteger": kept}

    def _wrong(self, name: str, what: str) -> ValueError:
        return ValueError(f"{name} of the {self.about} is {what}.")


def matches(value: object, like: Tensor) -> bool:
    """Whether a value is a tensor of the shape and type of `like`."""
    return isinstance(value, Tensor) and value.shape == like.shape and value.dtype == like.dtype


def _kind(value: object) -> str:
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"{'×'.join(map(str, value.shape)) or 'one number'} of {value.dtype}"
    return f"a {type(value).__name__}"
