"""LSTM, GRU and RNN, in one direction and in both: plain cells and traces against torch, float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_core import trace
from lstm_core.config import MEMORY, SIGNALS
from lstm_core.nn.cell import Hold, cell_step, gru_step, last_state, layer_weights, rnn_step, run_cells
from lstm_core.nn.trace import held_trace

CORES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}
EXACT = {"rtol": 0, "atol": 1e-12}
KINDS = pytest.mark.parametrize("kind", CORES)
LAYERS = pytest.mark.parametrize("layers", [1, 2, 3])
BOTH = pytest.mark.parametrize("bidirectional", [False, True])

shapes = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(CORES)),
        "layers": st.integers(1, 3),
        "bidirectional": st.booleans(),
        "steps": st.integers(1, 9),
        "batch": st.integers(1, 4),
        "hidden": st.integers(1, 6),
        "bias": st.booleans(),
        "with_state": st.booleans(),
        "seed": st.integers(0, 1000),
    }
)


def case(
    kind,
    layers=1,
    bidirectional=False,
    steps=7,
    batch=2,
    hidden=4,
    bias=True,
    with_state=True,
    seed=0,
    dtype=torch.float64,
):
    """A core, what it reads, and the state that it begins with."""
    torch.manual_seed(seed)
    core = CORES[kind](3, hidden, layers, bias=bias, bidirectional=bidirectional, dtype=dtype)
    shape = (layers * (2 if bidirectional else 1), batch, hidden)
    h, c = torch.randn(2, *shape, dtype=dtype)
    state = (h, c) if kind == "lstm" else h
    return core, torch.randn(steps, batch, 3, dtype=dtype), state if with_state else None


def flat(state):
    return state if isinstance(state, tuple) else (state,)


def stacked(rows, name):
    return torch.stack([torch.stack([getattr(step, name) for step in steps]) for steps in rows])


# values


@given(shapes)
def test_traces_and_plain_cells_equal_the_fused_module(shape):
    core, inputs, state = case(**shape)
    output, last = core(inputs, state)
    rows, shown = run_cells(core, inputs, state), trace(core, inputs, state)
    torch.testing.assert_close(shown.output, output, **EXACT)
    directions = 2 if shape["bidirectional"] else 1
    top = torch.cat(list(stacked(rows, "h")[-directions:]), dim=-1)
    torch.testing.assert_close(top, output, **EXACT)
    for mine, expected in zip(flat(last_state(core, rows)), flat(last), strict=True):
        torch.testing.assert_close(mine, expected, **EXACT)
    for name in SIGNALS[shape["kind"]]:
        signal = getattr(shown, name)
        assert signal.shape == (len(rows), shape["steps"], shape["batch"], shape["hidden"])
        torch.testing.assert_close(signal, stacked(rows, name), **EXACT)


@KINDS
@LAYERS
@BOTH
def test_a_row_from_the_end_stands_in_the_order_of_the_inputs(kind, layers, bidirectional):
    core, inputs, state = case(kind, layers, bidirectional, steps=9)
    shown = trace(core, inputs, state)
    last = flat(core(inputs, state)[1])
    for row in range(shown.h.shape[0]):
        end = 0 if bidirectional and row % 2 else -1
        torch.testing.assert_close(shown.h[row, end], last[0][row], **EXACT)
        memory = getattr(shown, MEMORY[kind])
        torch.testing.assert_close(memory[row, end], last[-1][row], **EXACT)


@KINDS
def test_the_other_direction_is_the_same_cell_on_the_reversed_inputs(kind):
    core, inputs, _ = case(kind, bidirectional=True)
    backwards = CORES[kind](3, 4, dtype=torch.float64)
    weights = core.state_dict()
    backwards.load_state_dict(
        {name: weights[f"{name}_reverse"] for name in weights if not name.endswith("_reverse")}
    )
    alone, both = trace(backwards, inputs.flip(0)), trace(core, inputs)
    for name in SIGNALS[kind]:
        torch.testing.assert_close(getattr(both, name)[1], getattr(alone, name)[0].flip(0), **EXACT)


@KINDS
@pytest.mark.parametrize("bias", [True, False])
def test_one_step_equals_the_cell_of_torch(kind, bias):
    torch.manual_seed(1)
    theirs = CELLS[kind](3, 5, bias=bias, dtype=torch.float64)
    x, h, c = (torch.randn(2, size, dtype=torch.float64) for size in (3, 5, 5))
    weights = list(theirs.parameters())
    for _ in range(4):
        if kind == "lstm":
            summed = weights[2] + weights[3] if bias else None
            step = cell_step(x, h, c, *weights[:2], summed)
            expected, expected_c = theirs(x, (h, c))
            torch.testing.assert_close(step.c, expected_c, **EXACT)
            c = step.c
        else:
            step = (gru_step if kind == "gru" else rnn_step)(x, h, *weights)
            expected = theirs(x, h)
        torch.testing.assert_close(step.h, expected, **EXACT)
        h = step.h


def test_the_gru_number_by_number():
    core, inputs, _ = case("gru", batch=1, steps=5)
    w_ih, w_hh, b_ih, b_hh = (weight.detach().numpy() for weight in core.all_weights[0])
    steps = run_cells(core, inputs)[0]
    h = [0.0] * 4

    def part(weights, bias, read, row):
        return bias[row] + sum(weight * one for weight, one in zip(weights[row], read, strict=True))

    for x, step in zip(inputs[:, 0].tolist(), steps, strict=True):
        new = []
        for unit in range(4):
            r, z = (
                1 / (1 + torch.tensor(-part(w_ih, b_ih, x, row) - part(w_hh, b_hh, h, row)).exp().item())
                for row in (unit, 4 + unit)
            )
            n = torch.tensor(part(w_ih, b_ih, x, 8 + unit) + r * part(w_hh, b_hh, h, 8 + unit)).tanh().item()
            new.append((1 - z) * n + z * h[unit])
            shown = [getattr(step, name)[0, unit].item() for name in "rznh"]
            assert shown == pytest.approx([r, z, n, new[-1]], abs=1e-14)
        h = new


@pytest.mark.parametrize("kind", ["gru", "rnn"])
@BOTH
def test_float32_stays_near_float64_over_a_long_sequence(kind, bidirectional):
    exact, inputs, _ = case(kind, 2, bidirectional, steps=128, hidden=32)
    core, _, _ = case(kind, 2, bidirectional, hidden=32, dtype=torch.float32)
    core.load_state_dict(exact.state_dict())
    shown = trace(core, inputs.float())
    torch.testing.assert_close(shown.output, core(inputs.float())[0], rtol=0, atol=2e-6)
    torch.testing.assert_close(shown.output.double(), exact(inputs)[0], rtol=0, atol=2e-5)


# gradients


def gradients(core, inputs, state, output):
    """Of a weighted sum of the output by the inputs, the state and every weight."""
    leaves = [inputs, *flat(state), *core.parameters()]
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(3), dtype=output.dtype)
    return torch.autograd.grad((output * weights).sum(), leaves)


@KINDS
@LAYERS
@BOTH
def test_gradients_equal_those_of_the_fused_module(kind, layers, bidirectional):
    core, inputs, state = case(kind, layers, bidirectional)
    for leaf in (inputs, *flat(state)):
        leaf.requires_grad_()
    fused = gradients(core, inputs, state, core(inputs, state)[0])
    directions = 2 if bidirectional else 1
    rows = stacked(run_cells(core, inputs, state), "h")
    plain = gradients(core, inputs, state, torch.cat(list(rows[-directions:]), dim=-1))
    traced = gradients(core, inputs, state, trace(core, inputs, state).output)
    for others in (plain, traced):
        for one, other in zip(fused, others, strict=True):
            torch.testing.assert_close(other, one, rtol=0, atol=1e-12)


@BOTH
def test_gradients_flow_through_the_gates_of_a_gru(bidirectional):
    core, inputs, state = case("gru", bidirectional=bidirectional)
    for leaf in (inputs, state):
        leaf.requires_grad_()
    shown = trace(core, inputs, state)
    before = [torch.cat([state[0][None], shown.h[0, :-1]])]
    if bidirectional:
        before.append(torch.cat([shown.h[1, 1:], state[1][None]]))
    rebuilt = (1 - shown.z) * shown.n + shown.z * torch.stack(before)
    fused = gradients(core, inputs, state, core(inputs, state)[0])
    again = gradients(core, inputs, state, torch.cat(list(rebuilt), dim=-1))
    for one, other in zip(fused, again, strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=1e-12)


@KINDS
@BOTH
def test_gradients_are_the_slopes_of_central_differences(kind, bidirectional):
    core, inputs, state = case(kind, 2, bidirectional, steps=5)
    weights = torch.randn(5, 2, 8 if bidirectional else 4, dtype=torch.float64)

    def loss():
        directions = 2 if bidirectional else 1
        rows = stacked(run_cells(core, inputs, state), "h")
        return (torch.cat(list(rows[-directions:]), dim=-1) * weights).sum()

    parameters = list(core.parameters())
    found = torch.autograd.grad(loss(), parameters)
    small = 1e-5
    with torch.no_grad():
        for weight, gradient in zip(parameters, found, strict=True):
            for place in {0, weight.numel() // 2, weight.numel() - 1}:
                entry = weight.flatten()[place].item()
                weight.view(-1)[place] = entry + small
                above = loss().item()
                weight.view(-1)[place] = entry - small
                below = loss().item()
                weight.view(-1)[place] = entry
                slope = (above - below) / (2 * small)
                assert slope == pytest.approx(gradient.flatten()[place].item(), rel=1e-6, abs=1e-8)


@KINDS
def test_every_step_can_be_differentiated(kind):
    core, inputs, _ = case(kind, 2, steps=6)
    rows = run_cells(core, inputs)
    states = [getattr(step, name) for name in {"h", MEMORY[kind]} for steps in rows for step in steps]
    slopes = torch.autograd.grad(rows[-1][-1].h.sum(), states)
    assert all(slope.abs().max() > 0 for slope in slopes)


# holds


@KINDS
@BOTH
def test_a_hold_touches_its_own_row_only_and_what_reads_it(kind, bidirectional):
    core, inputs, _ = case(kind, 2, bidirectional)
    rows = 4 if bidirectional else 2
    size = {"lstm": 4, "gru": 3, "rnn": 1}[kind]
    held = torch.zeros(size, 4, dtype=torch.bool)
    held[0, 2] = True
    hold = Hold(held, torch.full((size, 4), 0.25, dtype=torch.float64))
    free = trace(core, inputs)
    for row in range(rows):
        shown = held_trace(core, inputs, [hold if number == row else None for number in range(rows)])
        first = getattr(shown, SIGNALS[kind][0])[row]
        assert (first[..., 2] == 0.25).all()
        changed = (shown.h - free.h).abs().amax(dim=(1, 2, 3)) > 1e-9
        directions = 2 if bidirectional else 1
        expected = [number == row or number // directions > row // directions for number in range(rows)]
        assert changed.tolist() == expected


def test_a_reset_gate_that_is_held_acts_on_the_candidate():
    core, inputs, _ = case("gru")
    hold = Hold(torch.tensor([[True], [False], [False]]).expand(3, 4), torch.zeros(3, 4, dtype=torch.float64))
    shown = held_trace(core, inputs, [hold])
    w_ih, _, b_ih, _ = core.all_weights[0]
    blind = torch.tanh(inputs @ w_ih[8:].T + b_ih[8:])  # what it would say without any past
    torch.testing.assert_close(shown.n[0], blind, **EXACT)


# what is refused


@pytest.mark.parametrize("read", [trace, run_cells])
@pytest.mark.parametrize(
    ("core", "word"),
    [
        (nn.RNN(3, 4, nonlinearity="relu"), "relu"),
        (nn.LSTM(3, 4, proj_size=2), "projections"),
        (nn.GRUCell(3, 4), "GRUCell"),
        (nn.Linear(3, 4), "Linear"),
    ],
)
def test_other_networks_are_named(read, core, word):
    with pytest.raises(ValueError, match=word):
        read(core, torch.randn(4, 2, 3))


@pytest.mark.parametrize("read", [trace, run_cells])
@KINDS
@BOTH
def test_states_that_do_not_fit_are_named(read, kind, bidirectional):
    core, inputs, _ = case(kind, 2, bidirectional)
    rows = 4 if bidirectional else 2
    wrong, right = torch.zeros(rows - 1, 2, 4).double(), torch.zeros(rows, 2, 4).double()
    with pytest.raises(ValueError, match="h0 has shape"):
        read(core, inputs, (wrong, right) if kind == "lstm" else wrong)
    with pytest.raises(ValueError, match="the state of an nn"):
        read(core, inputs, right if kind == "lstm" else (right, right))


@pytest.mark.parametrize("kind", ["gru", "rnn"])
@pytest.mark.parametrize(
    ("options", "word"), [({"batch_first": True}, "time first"), ({"dropout": 0.5}, "dropout")]
)
def test_what_has_no_exact_trace_is_refused(kind, options, word):
    core = CORES[kind](3, 4, num_layers=2, **options)
    with pytest.raises(ValueError, match=word):
        trace(core, torch.randn(4, 2, 3))


def test_summed_biases_are_those_of_the_row():
    core, _, _ = case("lstm", 2, bidirectional=True)
    for row, end in enumerate(["l0", "l0_reverse", "l1", "l1_reverse"]):
        w_ih, w_hh, bias = layer_weights(core, row)
        assert w_ih is getattr(core, f"weight_ih_{end}")
        assert w_hh is getattr(core, f"weight_hh_{end}")
        assert torch.equal(bias, getattr(core, f"bias_ih_{end}") + getattr(core, f"bias_hh_{end}"))
