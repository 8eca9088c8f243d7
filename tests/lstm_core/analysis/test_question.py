"""Questions about units, as browsers send them: whatever comes, they are whole or refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.analysis.question import KINDS, Question


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "colour"},
        {"kind": ["regex"]},
        {"kind": None},
        {"kind": {}},
        {"text": "a" * 201},
        {"text": None},
        {"text": b"a"},
        {"value": math.nan},
        {"value": -math.inf},
        {"value": 10**400},
        {"value": "1"},
        {"value": True},
        {"value": None},
        {"stretch": 3},
        {"stretch": (1,)},
        {"stretch": (1, 2, 3)},
        {"stretch": "12"},
        {"stretch": (1.0, 2.0)},
        {"stretch": (True, 2)},
        {"stretch": (None, 2)},
        {"stretch": {1: 2, 2: 3}},
        {"stretch": (10**400, 1)},
    ],
)
def test_forged_questions_are_refused(fields):
    with pytest.raises(ValueError, match=r"must be"):
        Question(**({"kind": "regex"} | fields))


@given(
    st.from_type(object) | st.sampled_from(KINDS) | st.text(),
    st.text() | st.none() | st.integers() | st.binary(),
    st.floats() | st.integers() | st.none() | st.lists(st.integers()),
    st.lists(st.integers() | st.booleans() | st.none()) | st.none() | st.text(),
)
def test_whatever_comes_is_a_question_or_refused(kind, text, value, stretch):
    try:
        question = Question(kind, text, value, stretch)
    except ValueError:
        return
    assert question.kind in KINDS
    assert math.isfinite(question.value)


def test_its_pattern_is_normalised():
    assert Question("regex", "e\u0301\r\n\ud800").text == "é\n\ufffd"
