"""One unit at one step, number by number; and the truth about what is shown."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core import trace
from lstm_core.analysis.unit_numbers import cell_numbers, step_before, truth, truth_between
from lstm_core.config import SIGNALS

CORES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
KINDS = pytest.mark.parametrize("cell", CORES)
BOTH = pytest.mark.parametrize("bidirectional", [False, True])


def network(cell="lstm", layers=2, hidden=4, bias=True, bidirectional=False):
    torch.manual_seed(3)
    return CORES[cell](3, hidden, layers, bias=bias, bidirectional=bidirectional)


def traced(core, steps=9):
    inputs = torch.randn(steps, 1, 3, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        return inputs, trace(core, inputs)


@given(
    st.sampled_from(list(CORES)),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 8),
    st.booleans(),
    st.booleans(),
)
def test_the_numbers_of_a_cell_are_those_of_the_trace_and_add_up(cell, row, unit, time, bias, bidirectional):
    core = network(cell, bias=bias, bidirectional=bidirectional)
    row = row if bidirectional else row // 2
    inputs, signals = traced(core)

    def shown(name, step=time):
        return getattr(signals, name)[row, step, 0, unit].item()

    numbers = cell_numbers(core, inputs, signals, row, unit, time)
    before = time + 1 if bidirectional and row % 2 else time - 1
    gates = [name for name in SIGNALS[cell] if name not in "ch"] or ["h"]
    assert list(numbers["gates"]) == gates
    for name in gates:
        gate = numbers["gates"][name]
        assert gate["out"] == pytest.approx(shown(name), abs=1e-6)
        addends = ("x", "gated", "bias") if name == "n" else ("x", "h", "b" if cell == "lstm" else "bias")
        assert gate["pre"] == pytest.approx(sum(gate[part] for part in addends), abs=1e-15)
        assert gate.keys() == {*addends, "h", "pre", "out"}
    known = 0 <= before < 9
    for name in "ch" if cell == "lstm" else "h":
        assert numbers[name] == pytest.approx(shown(name), abs=1e-6)
        assert numbers[f"{name}_before"] == (shown(name, before) if known else 0.0)
    out = {name: gate["out"] for name, gate in numbers["gates"].items()}
    if cell == "lstm":
        assert numbers["keep"] == out["f"] * numbers["c_before"]
        assert numbers["write"] == out["i"] * out["g"]
        assert numbers["c"] == numbers["keep"] + numbers["write"]
        assert numbers["tanh_c"] == math.tanh(numbers["c"])
        assert numbers["h"] == out["o"] * numbers["tanh_c"]
    elif cell == "gru":
        assert numbers["gates"]["n"]["gated"] == out["r"] * numbers["gates"]["n"]["h"]
        assert numbers["keep"] == out["z"] * numbers["h_before"]
        assert numbers["write"] == (1 - out["z"]) * out["n"]
        assert numbers["h"] == numbers["keep"] + numbers["write"]
    else:
        assert numbers.keys() == {"gates", "h_before", "h"}


@KINDS
def test_the_parts_are_the_weights_times_what_they_read(cell):
    core = network(cell, bidirectional=True)
    inputs, signals = traced(core)
    w_ih, w_hh, b_ih, b_hh = (weight.detach().double() for weight in core.all_weights[3])
    unit, time, count = 2, 4, len(w_ih) // 4
    x = torch.cat([signals.h[0, time, 0], signals.h[1, time, 0]]).double()
    h = signals.h[3, time + 1, 0].double()
    numbers = cell_numbers(core, inputs, signals, 3, unit, time)
    for block, gate in enumerate(numbers["gates"].values()):
        assert len(numbers["gates"]) == count
        row = 4 * block + unit
        assert gate["x"] == pytest.approx((w_ih[row] @ x).item(), abs=1e-14)
        own = "gated" in gate  # the candidate of a GRU
        past = (w_hh[row] @ h + own * b_hh[row]).item()
        assert gate["h"] == pytest.approx(past, abs=1e-14)
        bias = gate["b" if cell == "lstm" else "bias"]
        assert bias == pytest.approx((b_ih[row] + (not own) * b_hh[row]).item(), abs=1e-14)


@pytest.mark.parametrize(
    ("row", "time", "before"), [(0, 0, None), (0, 3, 2), (1, 3, 4), (1, 8, None), (2, 8, 7), (3, 0, 1)]
)
def test_the_step_before(row, time, before):
    assert step_before(network(bidirectional=True), row, time, 9) == before


@KINDS
@BOTH
def test_what_is_exact_is_within_what_float32_may_differ_by(cell, bidirectional):
    core = network(cell, 3, 16, bidirectional=bidirectional)
    inputs, signals = traced(core, 60)
    said = truth(core, inputs, signals)
    assert 0 <= said["difference"] <= said["allowed"] == pytest.approx(1e-5, rel=0.5)


@KINDS
@BOTH
@pytest.mark.parametrize("scale", [30.0, 1000.0])
def test_large_weights_lose_more(cell, bidirectional, scale):
    core = network(cell, 2, 16, bidirectional=bidirectional)
    with torch.no_grad():
        for weight in core.parameters():
            weight *= scale
    said = truth(core, *traced(core, 60))
    assert said["difference"] <= said["allowed"]


@pytest.mark.parametrize(
    ("cell", "name"), [(cell, name) for cell in CORES for name in (*SIGNALS[cell], "output")]
)
@BOTH
@pytest.mark.parametrize("row", [0, -1])
def test_one_wrong_number_is_noticed(cell, name, bidirectional, row):
    core = network(cell, bidirectional=bidirectional)
    inputs, signals = traced(core, 12)
    wrong = getattr(signals, name).clone()
    (wrong if name == "output" else wrong[row])[6, 0, 2] += 0.01
    said = truth(core, inputs, replace(signals, **{name: wrong}))
    assert said["difference"] > said["allowed"]


@KINDS
def test_what_is_not_a_number_is_not_true(cell):
    core = network(cell)
    with torch.no_grad():
        core.weight_hh_l0[0, 0] = math.nan
    said = truth(core, *traced(core, 12))
    assert math.isnan(said["difference"])
    assert math.isfinite(said["allowed"])


@KINDS
@BOTH
def test_the_gates_give_the_states(cell, bidirectional):
    core = network(cell, 3, 16, bidirectional=bidirectional)
    assert truth_between(core, traced(core, 60)[1]) < 1e-6


@pytest.mark.parametrize(
    ("cell", "name"), [("lstm", name) for name in "ifgoch"] + [("gru", name) for name in "znh"]
)
@BOTH
@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize("time", [0, 6, 11])
@pytest.mark.parametrize("off", [0.05, math.nan])
def test_one_wrong_gate_or_state_is_noticed(cell, name, bidirectional, row, time, off):
    core = network(cell, bidirectional=bidirectional)
    _, signals = traced(core, 12)
    # what a forget gate keeps of nothing is nothing: where a row begins, no state depends on it
    first = 11 if bidirectional and row else 0
    wrong = getattr(signals, name).clone()
    wrong[row][time, 0, 2] += off
    found = truth_between(core, replace(signals, **{name: wrong}))
    if not (name == "f" and time == first and off == 0.05):
        assert not found <= 1e-4
