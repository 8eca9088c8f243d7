"""`trace` and the plain cell against `nn.LSTM`: values and gradients, in float64 and float32."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_core import trace
from lstm_core.nn.cell import run_cells

TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6}
SIGNALS = "ifgoch"


def make(input_size=5, hidden=7, layers=1, bias=True, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    return nn.LSTM(input_size, hidden, layers, bias=bias, dtype=dtype)


def random_case(lstm, steps=9, batch=3, with_state=True):
    dtype = lstm.weight_ih_l0.dtype
    inputs = torch.randn(steps, batch, lstm.input_size, dtype=dtype)
    if not with_state:
        return inputs, None
    shape = (lstm.num_layers, batch, lstm.hidden_size)
    return inputs, (torch.randn(shape, dtype=dtype), torch.randn(shape, dtype=dtype))


@given(
    layers=st.integers(1, 3),
    steps=st.integers(1, 12),
    batch=st.integers(1, 4),
    hidden=st.integers(1, 9),
    bias=st.booleans(),
    with_state=st.booleans(),
    dtype=st.sampled_from([torch.float64, torch.float32]),
    gradients=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_trace_equals_the_fused_module(
    layers, steps, batch, hidden, bias, with_state, dtype, gradients, seed
):
    lstm = make(hidden=hidden, layers=layers, bias=bias, dtype=dtype, seed=seed)
    inputs, state = random_case(lstm, steps, batch, with_state)
    output, (h_last, c_last) = lstm(inputs, state)
    with torch.set_grad_enabled(gradients):
        result = trace(lstm, inputs, state)
    near = {"rtol": 0, "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(result.output, output, **near)
    torch.testing.assert_close(result.h[:, -1], h_last, **near)
    torch.testing.assert_close(result.c[:, -1], c_last, **near)
    for name in SIGNALS:
        assert getattr(result, name).shape == (layers, steps, batch, hidden)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("gradients", [True, False])
def test_every_signal_equals_the_plain_equations(layers, bias, gradients):
    lstm = make(layers=layers, bias=bias)
    inputs, state = random_case(lstm)
    with torch.set_grad_enabled(gradients):
        result, plain = trace(lstm, inputs, state), run_cells(lstm, inputs, state)
    for name in SIGNALS:
        expected = torch.stack([torch.stack([getattr(step, name) for step in layer]) for layer in plain])
        torch.testing.assert_close(getattr(result, name), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2])
def test_gradients_equal_those_of_the_fused_module(layers):
    lstm = make(layers=layers)
    inputs, state = random_case(lstm)
    weights = torch.randn(9, 3, lstm.hidden_size, dtype=torch.float64)

    def gradients(output):
        leaves = [inputs, *state, *lstm.parameters()]
        return torch.autograd.grad((output * weights).sum(), leaves)

    for leaf in (inputs, *state):
        leaf.requires_grad_()
    fused = gradients(lstm(inputs, state)[0])
    plain = gradients(torch.stack([step.h for step in run_cells(lstm, inputs, state)[-1]]))
    traced = gradients(trace(lstm, inputs, state).output)
    # h rebuilt from the gates and c, so that the gradient takes the path through the scan
    shown = trace(lstm, inputs, state)
    rebuilt = gradients((shown.o * torch.tanh(shown.c))[-1])
    for others in (plain, traced, rebuilt):
        for one, other in zip(fused, others, strict=True):
            torch.testing.assert_close(other, one, rtol=0, atol=1e-11)


def test_float32_stays_near_float64_over_a_long_sequence():
    exact = make(32, 64)
    lstm = make(32, 64, dtype=torch.float32)
    lstm.load_state_dict(exact.state_dict())
    inputs = torch.randn(128, 2, 32)
    c = trace(lstm, inputs).c[:, -1]
    torch.testing.assert_close(c, lstm(inputs)[1][1], rtol=0, atol=2e-6)
    torch.testing.assert_close(c.double(), exact(inputs.double())[1][1], rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"proj_size": 3}, "projections"),
        ({"batch_first": True}, "time first"),
        ({"num_layers": 2, "dropout": 0.5}, "dropout"),
    ],
)
def test_what_has_no_exact_trace_is_refused(options, word):
    lstm = nn.LSTM(5, 7, **options)
    with pytest.raises(ValueError, match=word):
        trace(lstm, torch.randn(4, 2, 5))


def test_dropout_switched_off_is_traced():
    lstm = nn.LSTM(5, 7, num_layers=2, dropout=0.5).eval()
    inputs = torch.randn(4, 2, 5)
    torch.testing.assert_close(trace(lstm, inputs).output, lstm(inputs)[0], rtol=0, atol=2e-6)


@pytest.mark.parametrize("shape", [(4, 5), (4, 2, 6), (0, 2, 5), (4, 2, 5, 1)])
def test_wrong_input_shapes_are_named(shape):
    with pytest.raises(ValueError, match="shape"):
        trace(nn.LSTM(5, 7), torch.randn(*shape))


def test_wrong_state_dtype_and_module_are_named():
    lstm, inputs = nn.LSTM(5, 7), torch.randn(4, 2, 5)
    with pytest.raises(ValueError, match="h0 has shape"):
        trace(lstm, inputs, (torch.zeros(1, 3, 7), torch.zeros(1, 2, 7)))
    with pytest.raises(ValueError, match="float64"):
        trace(lstm, inputs.double())
    with pytest.raises(ValueError, match="GRUCell"):
        trace(nn.GRUCell(5, 7), inputs)
