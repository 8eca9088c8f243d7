"""Back-propagation by hand against autograd through `nn.LSTM` and against finite differences."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lstm_core import backward as module
from lstm_core.backward import backward, cell_backward, gradient_check, head_backward
from lstm_core.cell import cell_step, run_cells
from lstm_core.config import ModelConfig
from lstm_core.model import SequenceModel

VOCABULARY = 9
shapes = st.fixed_dictionaries(
    {
        "layers": st.integers(1, 3),
        "steps": st.integers(1, 8),
        "batch": st.integers(1, 4),
        "hidden": st.integers(1, 7),
        "bias": st.booleans(),
        "with_state": st.booleans(),
        "seed": st.integers(0, 1000),
    }
)


def case(layers=2, steps=5, batch=3, hidden=4, bias=True, with_state=True, seed=0):
    """An LSTM in float64, what it reads, its state, and numbers that stand for dL/dh of its output."""
    torch.manual_seed(seed)
    lstm = nn.LSTM(3, hidden, layers, bias=bias, dtype=torch.float64)
    inputs = torch.randn(steps, batch, 3, dtype=torch.float64)
    state = tuple(torch.randn(2, layers, batch, hidden, dtype=torch.float64)) if with_state else None
    return lstm, inputs, state, torch.randn(steps, batch, hidden, dtype=torch.float64)


def text_model(layers=1, hidden=5, seed=0):
    model = SequenceModel(
        ModelConfig(hidden_size=hidden, num_layers=layers, embedding_size=3), VOCABULARY, seed
    )
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randint(VOCABULARY, (8, 3), generator=draw)
    return model, tokens[:-1], tokens[1:]


def series_model(layers=1, hidden=5, seed=0):
    model = SequenceModel(ModelConfig(hidden_size=hidden, num_layers=layers), seed=seed)
    values = torch.randn(8, 3, 1, generator=torch.Generator().manual_seed(seed))
    return model, values[:-1], values[1:]


MODELS = pytest.mark.parametrize("make", [text_model, series_model])


# the gradient itself


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=20, deadline=None)
@given(shapes)
def test_states_of_every_step_as_autograd_through_the_plain_cell(shape):
    lstm, inputs, state, dh = case(**shape)
    cells = run_cells(lstm, inputs, state)
    everything = [getattr(step, name) for name in "hc" for steps in cells for step in steps]
    loss = sum((step.h * part).sum() for step, part in zip(cells[-1], dh, strict=True))
    expected = torch.autograd.grad(loss, everything, materialize_grads=True)
    found = backward(lstm, inputs, cells, dh, state)
    assert found.h.shape == found.c.shape == (lstm.num_layers, *dh.shape)
    both = torch.cat([found.h.flatten(0, 1), found.c.flatten(0, 1)])
    torch.testing.assert_close(both, torch.stack(expected), rtol=1e-11, atol=1e-12)


@settings(max_examples=8, deadline=None)
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
    lstm, inputs, (h, c), dh = case(layers=1, steps=1)
    weights = lstm.weight_ih_l0.detach(), lstm.weight_hh_l0.detach()
    leaves = [tensor.clone().requires_grad_() for tensor in (inputs[0], h[0], c[0])]
    step = cell_step(*leaves, *weights)
    dc = torch.randn_like(dh[0])
    expected = torch.autograd.grad((step.h * dh[0] + step.c * dc).sum(), leaves)
    found = cell_backward(step, leaves[2], dh[0], dc, *weights)
    for one, other in zip((found.x, found.h_before, found.c_before), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


def test_through_open_forget_gates_the_gradient_of_the_last_step_reaches_the_first():
    lstm, inputs, _, dh = case(layers=1, steps=40, with_state=False)
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
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_check_passes_and_counts(make, layers):
    model, inputs, targets = make(layers)
    check = gradient_check(model, inputs, targets)
    assert check.difference < 1e-12 < check.allowed < 1e-6
    assert check.weights == sum(weight.numel() for weight in model.lstm.parameters())
    assert check.seconds > 0


@MODELS
def test_a_single_step_never_uses_the_recurrent_weights(make):
    model, inputs, targets = make()
    assert gradient_check(model, inputs[:1], targets[:1]).difference < 1e-12


@pytest.mark.parametrize("scale", [0.0, 10.0, 300.0])
def test_silent_and_saturated_networks_pass(scale):
    model, inputs, targets = text_model(layers=2)
    with torch.no_grad():
        for weight in model.lstm.parameters():
            weight *= scale
    check = gradient_check(model, inputs, targets)
    assert check.difference <= check.allowed


def scaled_gate(gate):
    """1 % too much for one of the gates."""

    def scale(a):
        parts = list(a.chunk(4, -1))
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
@pytest.mark.parametrize("part", ["lstm.weight_ih_l0", "lstm.bias_hh_l0", "head.weight"])
def test_weights_that_are_not_finite_give_no_number(make, value, part):
    model, inputs, targets = make()
    with torch.no_grad():
        model.get_parameter(part).view(-1)[0] = value
    assert math.isnan(gradient_check(model, inputs, targets).difference)


@MODELS
def test_a_check_leaves_no_trace(make):
    model, inputs, targets = make(layers=2)
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
