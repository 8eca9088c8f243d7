"""Numbers in three significant decimal digits, 16 bits each: what is shown is exactly what was sent.

A code is a sign bit (1: negative), and below it
    0                                 for zero and for what rounds to less than 1.00e-33
    1 + 900·(e + 33) + (m − 100)      for m/100 · 10^e, with m = 100 … 999 and e = −33 … 2
    32767                             for what is not a number (without the sign bit)
Values beyond ±999, infinite ones too, become ±999. So larger codes are larger sizes, without a gap.
"""

from __future__ import annotations

import math

import numpy as np

LOWEST = -33  # the smallest exponent e
DECADES = 36
SIGN = 0x8000
NAN = 0x7FFF


def _sizes() -> list[float]:
    """The number that each code without a sign stands for, from code 0 on: the nearest double."""
    powers = [10 ** (2 - e) for e in range(LOWEST, LOWEST + DECADES)]
    return [0.0] + [m / power for power in powers for m in range(100, 1000)]


def _limits() -> list[float]:
    """Entry k: the smallest double that belongs to code k + 1 rather than to k.

    It lies half a unit of the third digit above the number of code k. Few of these halves are doubles
    themselves, so exact integer arithmetic decides on which side the nearest one lies.
    """
    limits = []
    digits = [(999, LOWEST - 1)] + [(m, e) for e in range(LOWEST, LOWEST + DECADES) for m in range(100, 1000)]
    for m, e in digits[:-1]:
        half, power = 2 * m + 1, 2 * 10 ** (2 - e)
        nearest = half / power
        above, below = nearest.as_integer_ratio()
        limits.append(nearest if above * power >= half * below else math.nextafter(nearest, math.inf))
    return limits


_SIZES = np.array(_sizes())
_LIMITS = np.array([*_limits(), math.inf])

# A double's 11 bits of exponent and the first 10 of its fraction name one of 1024 equal parts of an octave.
# A part is too narrow for two limits, so its code is that of its lower end, or from some fraction on the next
# one. An entry holds both in one number, code · 2^42 + (2^42 − that fraction): with the fraction of a size
# added, the code stands above bit 42.
_SHIFT = 42
_FRACTION = (1 << _SHIFT) - 1
_FIRST, _LAST = (int(np.float64(size).view(np.int64)) >> _SHIFT for size in (_LIMITS[0], _SIZES[-1]))
_STARTS = np.arange(_FIRST, _LAST + 1) << _SHIFT
_CODES = np.searchsorted(_LIMITS, _STARTS.view(np.float64), side="right")
_TURNS = np.clip(_LIMITS[_CODES].view(np.int64) - _STARTS, 0, 1 << _SHIFT)
_ENTRIES = (_CODES << _SHIFT) + (1 << _SHIFT) - _TURNS
_LOWEST_START, _HIGHEST = _STARTS[:1].view(np.float64)[0], _SIZES[-1]

_VALUES = np.full(0x10000, np.nan, dtype=np.float32)  # of every code
_VALUES[: len(_SIZES)] = _SIZES
_VALUES[SIGN : SIGN + len(_SIZES)] = -_SIZES


def encode(values: np.ndarray) -> np.ndarray:
    """Codes, uint16, of `values`, float32 or float64 of any shape: each the nearest number that has one.

    Exactly half-way between two, the larger in size. Takes about 0.01 µs a value: one call for many values is
    cheaper than many calls.
    """
    sizes = np.abs(values, dtype=np.float64)
    unknown = np.isnan(sizes)
    np.fmax(np.fmin(sizes, _HIGHEST, out=sizes), _LOWEST_START, out=sizes)
    bits = sizes.view(np.int64)
    entries = _ENTRIES.take((bits >> _SHIFT) - _FIRST, mode="clip")  # none is outside: "raise" would copy
    bits &= _FRACTION
    bits += entries
    bits >>= _SHIFT
    codes = bits.astype(np.uint16)
    codes |= (np.signbit(values) & (codes > 0)).astype(np.uint16) << 15
    if unknown.any():
        codes[unknown] = NAN
    return codes


def decode(codes: np.ndarray) -> np.ndarray:
    """The numbers that `encode` rounded to, float32; NaN also for codes that it never gives."""
    return _VALUES[codes]
