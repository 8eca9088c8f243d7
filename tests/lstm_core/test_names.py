"""What is imported from the package itself, when it is first asked for."""

import pytest

import lstm_core
from lstm_core.nn.trace import trace
from lstm_core.tasks.upload import read_table


def test_it_has_what_it_says():
    assert lstm_core.trace is trace
    assert lstm_core.read_table is read_table
    for name in lstm_core.__all__:
        assert getattr(lstm_core, name).__name__ == name


def test_it_has_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'tracing'"):
        lstm_core.tracing  # noqa: B018
