"""One unit at one step, number by number; and the truth about what is shown."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_core import trace
from lstm_core.inside import cell_numbers, truth
from lstm_core.trace import Trace


def network(layers=2, hidden=4, inputs=3, bias=True):
    torch.manual_seed(3)
    return torch.nn.LSTM(inputs, hidden, layers, bias=bias)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1), st.integers(0, 3), st.integers(0, 8), st.booleans())
def test_the_numbers_of_a_cell_are_those_of_the_trace_and_add_up(layer, unit, time, bias):
    lstm = network(bias=bias)
    inputs = torch.randn(9, 1, 3, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        signals = trace(lstm, inputs)
    cell = cell_numbers(lstm, inputs, signals, layer, unit, time)
    for name in "ifgo":
        gate = cell["gates"][name]
        assert gate["out"] == pytest.approx(getattr(signals, name)[layer, time, 0, unit].item(), abs=1e-6)
        assert gate["pre"] == pytest.approx(gate["x"] + gate["h"] + gate["b"], abs=1e-15)
    assert cell["c"] == cell["keep"] + cell["write"]
    assert cell["c"] == pytest.approx(signals.c[layer, time, 0, unit].item(), abs=1e-6)
    assert cell["h"] == pytest.approx(signals.h[layer, time, 0, unit].item(), abs=1e-6)
    assert cell["tanh_c"] == math.tanh(cell["c"])
    before = signals.c[layer, time - 1, 0, unit].item() if time else 0.0
    assert cell["c_before"] == before


def test_what_is_exact_is_within_what_float32_may_differ_by():
    lstm, inputs = network(3, 16), torch.randn(60, 1, 3)
    with torch.no_grad():
        said = truth(lstm, inputs, trace(lstm, inputs))
    assert 0 <= said["difference"] <= said["allowed"]


@pytest.mark.parametrize("name", ["i", "f", "g", "o", "c", "h", "output"])
def test_one_wrong_number_is_noticed(name):
    lstm, inputs = network(), torch.randn(12, 1, 3)
    with torch.no_grad():
        parts = {key: value.clone() for key, value in vars(trace(lstm, inputs)).items()}
    if name == "output":
        parts[name][6, 0, 2] += 0.01
    else:
        parts[name][1, 6, 0, 2] += 0.01
    said = truth(lstm, inputs, Trace(**parts))
    assert said["difference"] > said["allowed"]


def test_what_is_not_a_number_is_not_true():
    lstm, inputs = network(), torch.randn(12, 1, 3)
    with torch.no_grad():
        lstm.weight_hh_l0[0, 0] = math.nan
        said = truth(lstm, inputs, trace(lstm, inputs))
    assert math.isnan(said["difference"])
    assert math.isfinite(said["allowed"])
