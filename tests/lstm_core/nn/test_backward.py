"""Back-propagation by hand against autograd through torch's modules and against finite differences."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_core.config import CELLS, ModelConfig
from lstm_core.nn import backward as module
from lstm_core.nn.backward import (
    backward,
    cell_backward,
    gradient_check,
    gru_backward,
    head_backward,
    rnn_backward,
)
from lstm_core.nn.cell import cell_step, gru_step, rnn_step, run_cells
from lstm_core.nn.model import SequenceModel

VOCABULARY = 9
CORES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
shapes = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(CELLS),
        "layers": st.integers(1, 3),
        "steps": st.integers(1, 8),
        "batch": st.integers(1, 4),
        "hidden": st.integers(1, 7),
        "bias": st.booleans(),
        "with_state": st.booleans(),
        "seed": st.integers(0, 1000),
    }
)


def case(cell="lstm", layers=2, steps=5, batch=3, hidden=4, bias=True, with_state=True, seed=0):
    """A core in float64, what it reads, its state, and numbers that stand for dL/dh of its output."""
    torch.manual_seed(seed)
    core = CORES[cell](3, hidden, layers, bias=bias, dtype=torch.float64)
    inputs = torch.randn(steps, batch, 3, dtype=torch.float64)
    h, c = torch.randn(2, layers, batch, hidden, dtype=torch.float64)
    state = (h, c) if cell == "lstm" else h
    dh = torch.randn(steps, batch, hidden, dtype=torch.float64)
    return core, inputs, state if with_state else None, dh


def text_model(layers=1, hidden=5, seed=0, **settings):
    config = ModelConfig(hidden_size=hidden, num_layers=layers, embedding_size=3, **settings)
    model = SequenceModel(config, VOCABULARY, seed)
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randint(VOCABULARY, (8, 3), generator=draw)
    return model, tokens[:-1], tokens[1:]


def series_model(layers=1, hidden=5, seed=0, **settings):
    model = SequenceModel(ModelConfig(hidden_size=hidden, num_layers=layers, **settings), seed=seed)
    values = torch.randn(8, 3, 1, generator=torch.Generator().manual_seed(seed))
    return model, values[:-1], values[1:]


def gaps_model(layers=1, hidden=5, seed=0, **settings):
    """Reads a token more than it can say, and some of its targets do not count."""
    config = ModelConfig(hidden_size=hidden, num_layers=layers, embedding_size=3, **settings)
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randint(VOCABULARY, (7, 3), generator=draw)
    gaps = torch.rand(7, 3, generator=draw) < 0.3
    gaps[0] = True
    model = SequenceModel(config, VOCABULARY, seed, tokens=VOCABULARY + 1)
    return model, tokens.masked_fill(gaps, VOCABULARY), tokens.masked_fill(~gaps, -100)


MODELS = pytest.mark.parametrize("make", [text_model, series_model, gaps_model])
KINDS = pytest.mark.parametrize("cell", CELLS)


# the gradient itself


@given(shapes)
def test_weights_and_inputs_as_autograd_through_the_fused_module(shape):
    lstm, inputs, state, dh = case(**shape)
    inputs.requires_grad_()
    leaves = [inputs, *lstm.parameters()]
    expected = torch.autograd.grad((lstm(inputs, state)[0] * dh).sum(), leaves)
    inputs.requires_grad_(False)
    found = backward(lstm, inputs, run_cells(lstm, inputs, state), dh, state)
    assert list(found.weights) == [name for name, _ in lstm.named_parameters()]
    for one, other in zip([found.inputs, *found.weights.values()], expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


@given(shapes)
def test_states_of_every_step_as_autograd_through_the_plain_cell(shape):
    lstm, inputs, state, dh = case(**shape)
    cells = run_cells(lstm, inputs, state)
    names = "hc" if isinstance(lstm, nn.LSTM) else "h"
    everything = [getattr(step, name) for name in names for steps in cells for step in steps]
    loss = sum((step.h * part).sum() for step, part in zip(cells[-1], dh, strict=True))
    expected = torch.autograd.grad(loss, everything, materialize_grads=True)
    found = backward(lstm, inputs, cells, dh, state)
    assert (found.c is None) == (names == "h")
    both = [getattr(found, name) for name in names]
    assert all(part.shape == (lstm.num_layers, *dh.shape) for part in both)
    flat = torch.cat([part.flatten(0, 1) for part in both])
    torch.testing.assert_close(flat, torch.stack(expected), rtol=1e-11, atol=1e-12)


@given(shapes)
def test_weights_and_inputs_as_finite_differences(shape):
    lstm, inputs, state, dh = case(**shape)
    gradients = backward(lstm, inputs, run_cells(lstm, inputs, state), dh, state)
    pairs = [(lstm.get_parameter(name), gradient) for name, gradient in gradients.weights.items()]
    small = 1e-5
    with torch.no_grad():

        def loss():
            return float((lstm(inputs, state)[0] * dh).sum())

        for values, gradient in [*pairs, (inputs, gradients.inputs)]:
            for place in {0, values.numel() // 2, values.numel() - 1}:
                entry = values.flatten()[place].item()
                values.view(-1)[place] = entry + small
                above = loss()
                values.view(-1)[place] = entry - small
                below = loss()
                values.view(-1)[place] = entry
                slope = (above - below) / (2 * small)
                assert slope == pytest.approx(float(gradient.flatten()[place]), rel=1e-6, abs=1e-7)


def test_one_step_of_the_cell():
    lstm, inputs, (h, c), dh = case("lstm", layers=1, steps=1)
    weights = lstm.weight_ih_l0.detach(), lstm.weight_hh_l0.detach()
    leaves = [tensor.clone().requires_grad_() for tensor in (inputs[0], h[0], c[0])]
    step = cell_step(*leaves, *weights)
    dc = torch.randn_like(dh[0])
    expected = torch.autograd.grad((step.h * dh[0] + step.c * dc).sum(), leaves)
    found = cell_backward(step, leaves[2], dh[0], dc, *weights)
    for one, other in zip((found.x, found.h_before, found.c_before), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


def test_one_step_of_a_gru():
    core, inputs, h, dh = case("gru", layers=1, steps=1)
    weights = [weight.detach() for weight in core.all_weights[0]]
    leaves = [tensor.clone().requires_grad_() for tensor in (inputs[0], h[0])]
    step = gru_step(*leaves, *weights)
    expected = torch.autograd.grad((step.h * dh[0]).sum(), leaves)
    found = gru_backward(step, leaves[1], dh[0], *weights[:2], weights[3])
    for one, other in zip((found.x, found.h_before), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


def test_one_step_of_an_rnn():
    core, inputs, h, dh = case("rnn", layers=1, steps=1)
    weights = [weight.detach() for weight in core.all_weights[0]]
    leaves = [tensor.clone().requires_grad_() for tensor in (inputs[0], h[0])]
    step = rnn_step(*leaves, *weights)
    expected = torch.autograd.grad((step.h * dh[0]).sum(), leaves)
    found = rnn_backward(step, dh[0], *weights[:2])
    for one, other in zip((found.x, found.h_before), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


def test_two_directions_have_no_such_order():
    core = nn.GRU(3, 4, bidirectional=True)
    inputs = torch.randn(5, 2, 3)
    with pytest.raises(ValueError, match="one direction"):
        backward(core, inputs, run_cells(core, inputs), torch.zeros(5, 2, 8))


def test_through_open_forget_gates_the_gradient_of_the_last_step_reaches_the_first():
    lstm, inputs, _, dh = case("lstm", layers=1, steps=40, with_state=False)
    dh[:-1] = 0
    reach = []
    for bias in (-2.0, 30.0):
        with torch.no_grad():
            lstm.bias_ih_l0[lstm.hidden_size : 2 * lstm.hidden_size] = bias
        lengths = backward(lstm, inputs, run_cells(lstm, inputs), dh).c[0].norm(dim=(1, 2))
        reach.append(float(lengths[0] / lengths[-1]))
    assert reach[0] < 1e-6
    assert reach[1] > 0.01


@MODELS
def test_from_the_loss_to_the_hidden_states(make):
    model, _, targets = make()
    hidden = torch.randn(*targets.shape[:2], 5, requires_grad=True)
    (expected,) = torch.autograd.grad(model.loss(model.head(hidden), targets), hidden)
    torch.testing.assert_close(head_backward(model, hidden, targets), expected)


# the check


@MODELS
@KINDS
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_check_passes_and_counts(make, cell, layers, bidirectional):
    model, inputs, targets = make(layers, cell=cell, bidirectional=bidirectional)
    check = gradient_check(model, inputs, targets)
    assert check.difference < 1e-12 < check.allowed < 1e-6
    assert check.weights == sum(weight.numel() for weight in model.core.parameters())
    assert check.seconds > 0
    assert check.way == ("plain cell" if bidirectional else "by hand")


@MODELS
@KINDS
def test_a_single_step_never_uses_the_recurrent_weights(make, cell):
    model, inputs, targets = make(cell=cell)
    assert gradient_check(model, inputs[:1], targets[:1]).difference < 1e-12


@KINDS
@pytest.mark.parametrize("scale", [0.0, 10.0, 300.0])
def test_silent_and_saturated_networks_pass(cell, scale):
    model, inputs, targets = text_model(layers=2, cell=cell)
    with torch.no_grad():
        for weight in model.core.parameters():
            weight *= scale
    check = gradient_check(model, inputs, targets)
    assert check.difference <= check.allowed


def scaled_gate(gate, gates=4):
    """1 % too much for one of the gates."""

    def scale(a):
        parts = list(a.chunk(gates, -1))
        parts[gate] = parts[gate] * 1.01
        return torch.cat(parts, -1)

    return scale


WRONG = {
    "input gate": {"a": scaled_gate(0)},
    "forget gate": {"a": scaled_gate(1)},
    "candidate": {"a": scaled_gate(2)},
    "output gate": {"a": scaled_gate(3)},
    "nothing through h": {"h_before": torch.zeros_like},
    "nothing through c": {"c_before": torch.zeros_like},
    "wrong sign": {"c_before": torch.neg},
    "rounded to float32": {"a": lambda a: a.float().double()},
}


WRONG_GRU = {
    "reset gate": {"a": scaled_gate(0, 3), "a_h": scaled_gate(0, 3)},
    "update gate": {"a": scaled_gate(1, 3), "a_h": scaled_gate(1, 3)},
    "candidate": {"a": scaled_gate(2, 3)},
    "what the reset gate lets through": {"a_h": scaled_gate(2, 3)},
    "nothing through h": {"h_before": torch.zeros_like},
}
WRONG_RNN = {
    "tanh": {"a": scaled_gate(0, 1)},
    "recurrent": {"a_h": scaled_gate(0, 1)},
    "nothing through h": {"h_before": torch.zeros_like},
}


@MODELS
@pytest.mark.parametrize(
    ("cell", "wrong"), [("gru", wrong) for wrong in WRONG_GRU] + [("rnn", wrong) for wrong in WRONG_RNN]
)
def test_a_wrong_equation_of_another_cell_is_found(monkeypatch, make, cell, wrong):
    name, right = {"gru": ("gru_backward", gru_backward), "rnn": ("rnn_backward", rnn_backward)}[cell]
    changes = (WRONG_GRU if cell == "gru" else WRONG_RNN)[wrong]

    def broken(*arguments):
        grad = right(*arguments)
        return grad._replace(**{part: change(getattr(grad, part)) for part, change in changes.items()})

    monkeypatch.setattr(module, name, broken)
    check = gradient_check(*make(cell=cell))
    assert check.difference > check.allowed


@pytest.mark.parametrize("cell", CELLS)
def test_a_wrong_plain_cell_of_two_directions_is_found(monkeypatch, cell):
    def broken(core, inputs):
        return run_cells(core, inputs)[::-1]  # the directions changed places

    monkeypatch.setattr(module, "run_cells", broken)
    check = gradient_check(*gaps_model(cell=cell, bidirectional=True))
    assert check.difference > check.allowed


@MODELS
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_equation_is_found(monkeypatch, make, wrong):
    def broken(*arguments):
        right = cell_backward(*arguments)
        return right._replace(**{name: change(getattr(right, name)) for name, change in WRONG[wrong].items()})

    monkeypatch.setattr(module, "cell_backward", broken)
    check = gradient_check(*make())
    assert check.difference > check.allowed


@MODELS
def test_a_wrong_derivative_of_the_loss_is_found(monkeypatch, make):
    monkeypatch.setattr(module, "head_backward", lambda *arguments: head_backward(*arguments) * 1.001)
    check = gradient_check(*make())
    assert check.difference == pytest.approx(0.001, rel=0.01)


@MODELS
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("part", ["core.weight_ih_l0", "core.bias_hh_l0", "head.weight"])
def test_weights_that_are_not_finite_give_no_number(make, value, part):
    model, inputs, targets = make()
    with torch.no_grad():
        model.get_parameter(part).view(-1)[0] = value
    assert math.isnan(gradient_check(model, inputs, targets).difference)


@MODELS
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_check_leaves_no_trace(make, bidirectional):
    model, inputs, targets = make(layers=2, bidirectional=bidirectional)
    model.loss(model(inputs)[0], targets).backward()
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    given = inputs.clone(), targets.clone()
    torch.manual_seed(3)
    random = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    with torch.no_grad():  # as an observer calls it
        gradient_check(model, inputs, targets)
    assert torch.equal(torch.get_rng_state(), random[0])
    assert np.random.get_state()[1].tolist() == random[1]  # noqa: NPY002
    assert torch.equal(inputs, given[0])
    assert torch.equal(targets, given[1])
    for name, weight in model.named_parameters():
        assert weight.dtype == torch.float32
        assert weight.requires_grad
        assert torch.equal(weight, weights[name]), name
        assert torch.equal(weight.grad, gradients[name]), name
