"""Limits from the environment, and keys."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config.access_keys import (
    CODE_LETTERS,
    TOKEN,
    new_code,
    new_token,
    normal_code,
    run_id,
    shown_code,
)
from lstm_core.config.server_settings import Limits


def test_without_an_environment_the_defaults_count():
    assert Limits.from_environment({}) == Limits()
    assert Limits.from_environment({"LSTM_MAX_RUNS": " ", "LSTM_OTHER": "7"}) == Limits()


def test_every_limit_has_a_variable_of_its_own():
    variables = [spec.metadata["variable"] for spec in fields(Limits)]
    assert len(set(variables)) == len(variables)
    assert all(re.fullmatch(r"LSTM_[A-Z_]+", variable) for variable in variables)


def test_the_environment_sets_them():
    given_ones = {"LSTM_MAX_RUNS": "3", "LSTM_SAVE_SECONDS": "0.5", "LSTM_DATA": "/var/lib/x"}
    limits = Limits.from_environment(given_ones)
    assert (limits.runs, limits.save, limits.data) == (3, 0.5, Path("/var/lib/x"))


@pytest.mark.parametrize("text", ["x", "0", "-1", "1e9", "nan", "2.5", "9" * 50])
def test_what_cannot_be_used_is_said_with_the_name_of_the_variable(text):
    with pytest.raises(ValueError, match=r"LSTM_MAX_RUNS=.* cannot be used"):
        Limits.from_environment({"LSTM_MAX_RUNS": text})


def test_keys_are_what_they_are_taken_for():
    for _ in range(200):
        token, code = new_token(), new_code()
        assert TOKEN.fullmatch(token)
        assert set(code) <= set(CODE_LETTERS)
        assert not TOKEN.fullmatch(code)
        assert normal_code(shown_code(code).lower()) == code
        assert normal_code(f" {code[:4]} – {code[4:]}\n") == code
        assert token not in run_id(token)


@given(st.text(max_size=300))
def test_anything_typed_has_a_normal_form_and_a_run_id(text):
    code = normal_code(text)
    assert normal_code(code) == code or len(code) >= 100
    assert re.fullmatch(r"[0-9a-f]{32}", run_id(text))
