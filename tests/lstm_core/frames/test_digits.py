"""Three decimal digits in 16 bits: what is decoded is written as the original is, whatever it was."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lstm_core.frames.digits import NAN, decode, encode

singles = st.floats(width=32, allow_nan=False)
doubles = st.floats(allow_nan=False)
SMALLEST, LARGEST = 1e-33, 999.0
NUMBERS = 36 * 900  # that have a code, beside 0


def code(value, dtype=np.float64):
    return int(encode(np.array([value], dtype))[0])


def sent(value, dtype=np.float64):
    """The value after its journey."""
    return float(decode(encode(np.array([value], dtype)))[0])


def written(value):
    return f"{value:.2e}"


def is_tie(value):
    """True half-way between two numbers of three digits."""
    units = Fraction(value) / Fraction(10) ** (math.floor(math.log10(abs(value))) - 2)
    return units % 1 == Fraction(1, 2)


def check_digits(value, arrived):
    if abs(value) >= 999.5:
        assert arrived == math.copysign(LARGEST, value)
    elif abs(value) < 0.9995 * SMALLEST:
        assert arrived == 0
        assert math.copysign(1, arrived) == 1
    elif is_tie(value):
        assert written(arrived) in (written(math.nextafter(value, side)) for side in (-math.inf, math.inf))
    else:
        assert written(arrived) == written(value)


@given(singles | st.floats(-1, 1, width=32))
def test_a_float32_arrives_as_it_is_written(value):
    check_digits(value, sent(value, np.float32))


@given(doubles | st.floats(-1, 1))
def test_a_float64_arrives_as_it_is_written(value):
    check_digits(value, sent(value))


def halves():
    """Every half of a unit of the third digit, where rounding turns, as an exact fraction."""
    for e in range(-33, 3):
        for m in range(100, 1000):
            yield Fraction(2 * m + 1, 2) * Fraction(10) ** (e - 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_neighbours_of_every_turning_point_are_rounded_apart(dtype):
    points = list(halves())[:-1]  # beyond the last one all is 999
    near = np.array([float(point) for point in points]).astype(dtype)
    beyond = np.array([Fraction(float(x)) >= point for x, point in zip(near, points, strict=True)])
    above = np.where(beyond, near, np.nextafter(near, dtype(np.inf)))
    below = np.where(beyond, np.nextafter(near, dtype(0)), near)
    lower = np.arange(1, len(points) + 1)
    np.testing.assert_array_equal(encode(below), lower)
    np.testing.assert_array_equal(encode(above), lower + 1)


def test_every_number_with_a_code_keeps_it():
    numbers = [float(f"{m}e{e - 2}") for e in range(-33, 3) for m in range(100, 1000)]
    for dtype in (np.float32, np.float64):
        codes = encode(np.array(numbers, dtype))
        assert codes.tolist() == list(range(1, NUMBERS + 1))
    assert decode(codes).tolist() == [float(np.float32(number)) for number in numbers]


@given(doubles, doubles)
def test_order_is_kept(one, other):
    low, high = sorted([one, other])
    assert sent(low) <= sent(high)


@given(doubles)
def test_both_signs_are_alike(value):
    assert sent(-value) == -sent(value)
    assume(code(value) != 0)
    assert code(-value) == code(value) ^ 0x8000


@given(doubles)
def test_what_has_arrived_is_not_rounded_again(value):
    once = sent(value)
    assert sent(once, np.float32) == once


@pytest.mark.parametrize(
    ("value", "arrived"),
    [
        (0.0, 0.0),
        (-0.0, 0.0),
        (5e-324, 0.0),
        (1e-33, 1e-33),
        (0.99949, 0.999),
        (0.9995, 1.0),
        (0.12345, 0.123),
        (-0.0004567, -0.000457),
        (6.5432e-8, 6.54e-8),
        (999.4, 999.0),
        (1e6, 999.0),
        (-math.inf, -999.0),
    ],
)
def test_some_values(value, arrived):
    result = sent(value)
    assert result == float(np.float32(arrived))
    assert math.copysign(1, result) == math.copysign(1, arrived)


def test_not_a_number_stays_so():
    assert encode(np.array([np.nan, -np.nan], np.float32)).tolist() == [NAN, NAN]
    assert np.isnan(decode(np.array([NAN], np.uint16))).all()


def test_codes_that_are_never_given_are_no_numbers():
    codes = np.arange(0x10000).astype(np.uint16)
    numbers = decode(codes)
    assert np.isfinite(numbers).sum() == 2 * (NUMBERS + 1)
    assert np.isnan(numbers[NUMBERS + 1 : 0x8000]).all()


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (32, 48)])
def test_shapes_and_slices(shape):
    matrix = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(decode(encode(matrix.T)), decode(encode(matrix)).T)
    np.testing.assert_array_equal(encode(matrix[::2]), encode(matrix)[::2])
    np.testing.assert_array_equal(encode(matrix.astype(">f8")), encode(matrix))
