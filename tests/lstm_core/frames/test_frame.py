"""Frames on the wire: there and back, aligned, and nothing but ValueError for bytes that are none."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lstm_core.frames import digits
from lstm_core.frames.frame import CODES, DIGITS, DTYPES, Frame

texts = st.text(max_size=20)  # no surrogates
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)
arrays = st.sampled_from(["float32", "int32", ">f4", ">i4"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7))
)
matrices = st.sampled_from(["float32", "float64", ">f4"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=7))
)
frames = st.builds(
    lambda meta, arrays, heatmaps: Frame(
        meta, arrays, {name: matrix for name, matrix in heatmaps.items() if name not in arrays}
    ),
    st.dictionaries(texts, json_values, max_size=4),
    st.dictionaries(texts, arrays, max_size=4),
    st.dictionaries(texts, matrices, max_size=3),
)


def with_header(header, rest=b""):
    """Bytes of a frame with this header: any JSON value, or raw bytes."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<I", len(raw)) + raw + bytes(-(4 + len(raw)) % 8) + rest


def assert_same(one, other):
    assert one.meta == other.meta
    assert list(one.arrays) == list(other.arrays)
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name])
        assert array.shape == other.arrays[name].shape
        assert array.dtype.name == other.arrays[name].dtype.name
    assert list(one.heatmaps) == list(other.heatmaps)
    for name, matrix in one.heatmaps.items():
        np.testing.assert_array_equal(matrix, rounded(other.heatmaps[name]))
        assert matrix.dtype == np.float32


def rounded(matrix):
    return digits.decode(digits.encode(matrix))


@given(frames)
def test_what_is_encoded_comes_back(frame):
    assert_same(Frame.decode(frame.encode()), frame)


@given(frames)
def test_rounding_twice_is_rounding_once(frame):
    once = Frame.decode(frame.encode())
    assert once.encode() == Frame.decode(once.encode()).encode()


@given(frames)
def test_every_array_begins_at_a_multiple_of_8(frame):
    data = frame.encode()
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    assert data[4 + length : start] == bytes(start - 4 - length)
    end = 0
    for name, dtype, shape, offset, size in header["arrays"]:
        assert offset % 8 == 0
        assert offset >= end
        end = offset + size
        stored = CODES if dtype == DIGITS else DTYPES[dtype]
        sent = np.frombuffer(data, stored, math.prod(shape), start + offset).reshape(shape)
        given = digits.encode(frame.heatmaps[name]) if dtype == DIGITS else frame.arrays[name]
        np.testing.assert_array_equal(sent, given)
    assert len(data) == start + -(-end // 8) * 8


def test_the_layout_byte_by_byte():
    data = Frame(
        {}, {"a": np.array([1, -2], np.int32)}, {"c": np.array([[0.5], [-0.25], [0]], np.float32)}
    ).encode()
    header = b'{"meta": {}, "arrays": [["a", "int32", [2], 0, 8], ["c", "digits3", [3, 1], 8, 6]]}'
    padding = bytes(-(4 + len(header)) % 8)
    half, quarter = 1 + 900 * (33 - 1) + (500 - 100), 1 + 900 * (33 - 1) + (250 - 100)
    payload = struct.pack("<ii", 1, -2) + struct.pack("<HHH", half, 0x8000 + quarter, 0) + bytes(2)
    assert data == struct.pack("<I", len(header)) + header + padding + payload


def test_slices_and_transposes_travel_in_their_order():
    table = np.arange(12, dtype=np.float32).reshape(3, 4)
    slices = {"turned": table.T, "thinned": table[::2, 1:]}
    for frame in (Frame({}, slices), Frame({}, {}, slices)):
        assert_same(Frame.decode(frame.encode()), frame)


def test_what_json_cannot_say_travels_as_null():
    meta = {"loss": math.nan, "list": [1.5, math.inf, (-math.inf, "x")], "deep": {"a": {"b": math.nan}}}
    expected = {"loss": None, "list": [1.5, None, [None, "x"]], "deep": {"a": {"b": None}}}
    assert Frame.decode(Frame(meta).encode()).meta == expected
    assert math.isnan(meta["loss"]), "the frame itself is left as it was"


def test_not_a_number_in_an_array_stays_so():
    frame = Frame({}, {"fit": np.array([np.nan, 1, np.inf], np.float32)})
    assert_same(Frame.decode(frame.encode()), frame)


def test_not_a_number_in_a_heatmap_stays_so():
    frame = Frame({}, {}, {"c": np.array([[np.nan, -1, 0]], np.float32)})
    np.testing.assert_array_equal(Frame.decode(frame.encode()).heatmaps["c"], [[np.nan, -1, 0]])


def test_half_a_surrogate_pair_becomes_a_question_mark():
    frame = Frame({"prompt": "a\ud83dz", "whole": "😀"})
    assert Frame.decode(frame.encode()).meta == {"prompt": "a?z", "whole": "😀"}


@pytest.mark.parametrize(
    "dtype", ["float16", "float64", "int64", "uint8", "bool", "complex64", "<U3", "object"]
)
def test_a_type_without_a_place_on_the_wire_is_named(dtype):
    with pytest.raises(ValueError, match=r"'weights' is .*float32, int32"):
        Frame({}, {"weights": np.zeros(2, dtype)}).encode()


@pytest.mark.parametrize("matrix", [np.zeros(3), np.zeros((2, 3, 4)), np.zeros((2, 3), np.int32)])
def test_what_is_no_heatmap_is_named(matrix):
    with pytest.raises(ValueError, match=r"heatmap 'c' is .*matrix of float32 or float64"):
        Frame({}, {}, {"c": matrix}).encode()


def test_a_name_stands_for_one_thing_only():
    with pytest.raises(ValueError, match="'c' is an array and a heatmap"):
        Frame({}, {"c": np.zeros(2, np.float32)}, {"c": np.zeros((2, 2))}).encode()


# bytes that are no frame


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data):
    with pytest.raises(ValueError, match="not a frame"):
        Frame.decode(data)


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_a_random_header_is_refused(header, rest):
    with pytest.raises(ValueError, match="not a frame"):
        Frame.decode(with_header(header, rest))


rows = st.lists(json_values, min_size=5, max_size=5) | st.tuples(
    texts,
    st.sampled_from([*DTYPES, DIGITS, "float64"]),
    st.lists(st.integers(-2, 10**30), max_size=3),
    st.integers(-10, 10**30),
    st.integers(-10, 10**30),
)


@given(json_values | st.fixed_dictionaries({"meta": json_values, "arrays": st.lists(rows) | json_values}))
def test_any_json_as_header_is_a_frame_or_a_value_error(header):
    try:
        Frame.decode(with_header(header, bytes(16)))
    except ValueError as error:
        assert "not a frame" in str(error)  # noqa: PT017


@given(frames, st.data())
def test_a_cut_frame_is_refused_unless_only_padding_is_missing(frame, data):
    whole = frame.encode()
    cut = whole[: data.draw(st.integers(0, max(0, len(whole) - 8)))]
    if cut == whole:
        return
    try:
        found = Frame.decode(cut)
    except ValueError:
        return
    assert_same(found, frame)


def test_a_deeply_nested_header_is_refused():
    with pytest.raises(ValueError, match="not a frame"):
        Frame.decode(with_header(b"[" * 100_000))


@pytest.mark.parametrize("meta", [None, 3, "text", [1]])
def test_meta_that_is_no_object_is_refused(meta):
    with pytest.raises(ValueError, match="not a frame"):
        Frame.decode(with_header({"meta": meta, "arrays": []}))
