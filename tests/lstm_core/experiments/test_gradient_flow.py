"""How the gradient flows back: against autograd, finite differences, and back-propagation by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_core.config import CELLS, MEMORY_TASKS, MemoryConfig, ModelConfig, TrainConfig
from lstm_core.experiments.race.gradient_flow import flow, gradients, loss_gradient
from lstm_core.nn.backward import backward
from lstm_core.nn.cell import run_cells
from lstm_core.nn.model import SequenceModel
from lstm_core.nn.trace import trace
from lstm_core.tasks import MemoryTask

CORES = [nn.RNN, nn.GRU, nn.LSTM]
EXACT = {"rtol": 1e-10, "atol": 1e-13}
cases = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(CORES),
        "steps": st.integers(1, 9),
        "batch": st.integers(1, 4),
        "hidden": st.integers(1, 6),
        "bias": st.booleans(),
        "seed": st.integers(0, 1000),
    }
)


def case(kind=nn.LSTM, steps=7, batch=3, hidden=5, bias=True, seed=0):
    """A core in float64, what it reads, and numbers that stand for dL/dh of the last step."""
    torch.manual_seed(seed)
    core = kind(3, hidden, bias=bias, dtype=torch.float64)
    for weight in core.parameters():  # far from the small initial ones, where all is nearly linear
        weight.data *= 2
    inputs = torch.randn(steps, batch, 3, dtype=torch.float64)
    return core, inputs, torch.randn(batch, hidden, dtype=torch.float64)


def by_autograd(core, inputs, dh):
    """The same through the plain cell: dL/dh_t, and dL/dc_t of an LSTM."""
    steps = run_cells(core, inputs)[0]
    loss = (steps[-1].h * dh).sum()
    names = "hc" if isinstance(core, nn.LSTM) else "h"
    return [
        torch.stack(torch.autograd.grad(loss, [getattr(step, name) for step in steps], retain_graph=True))
        for name in names
    ]


def memory_model(kind="recall", cell="lstm", hidden=6, seed=0, **settings):
    task = MemoryTask(MemoryConfig(kind), TrainConfig())
    config = ModelConfig(cell=cell, hidden_size=hidden, embedding_size=4, **settings)
    model = SequenceModel(
        config, task.vocab_size, seed, input_size=task.input_size, output_size=task.output_size
    )
    return task, model


# exactly


@given(cases)
def test_every_state_as_autograd_through_the_plain_cell(case_of):
    core, inputs, dh = case(**case_of)
    found = gradients(core, trace(core, inputs), dh)
    for one, other in zip([found.h, found.c], by_autograd(core, inputs, dh), strict=False):
        torch.testing.assert_close(one, other, **EXACT)
    assert (found.c is None) == (not isinstance(core, nn.LSTM))
    assert (found.straight is None) == isinstance(core, nn.RNN)


@given(cases, st.data())
def test_every_state_as_autograd_through_the_fused_network_cut_in_two(case_of, data):
    core, inputs, dh = case(**case_of)
    t = data.draw(st.integers(0, len(inputs) - 1))
    _, state = core(inputs[: t + 1])
    states = [state] if isinstance(state, torch.Tensor) else list(state)
    states = [one.detach().requires_grad_() for one in states]
    if t + 1 < len(inputs):
        output, _ = core(inputs[t + 1 :], tuple(states) if len(states) == 2 else states[0])
        expected = torch.autograd.grad((output[-1] * dh).sum(), states)
        found = gradients(core, trace(core, inputs), dh)
        torch.testing.assert_close(found.h[t], expected[0][0], **EXACT)
        if found.c is not None:
            # into the step after t the gradient by c_t flows, all but what comes through h_t itself
            through_h = found.h[t] * by_c(core, inputs, t)
            torch.testing.assert_close(found.c[t], expected[1][0] + through_h, **EXACT)


def by_c(core, inputs, t):
    """dh_t/dc_t = o_t (1 − tanh² c_t)."""
    signals = trace(core, inputs)
    return (signals.o * (1 - torch.tanh(signals.c) ** 2))[0, t]


@given(cases)
def test_inputs_as_autograd_through_the_fused_network(case_of):
    """dL/dx_t = dL/dh_t · dh_t/dx_t with h_{t−1} (and c_{t−1}) as they are: one step of the plain cell."""
    core, inputs, dh = case(**case_of)
    inputs.requires_grad_()
    (expected,) = torch.autograd.grad((core(inputs)[0][-1] * dh).sum(), inputs)
    inputs.requires_grad_(False)
    found = gradients(core, trace(core, inputs), dh)
    steps = run_cells(core, inputs)[0]
    for t, x in enumerate(inputs):
        x = x.clone().requires_grad_()
        before = [part.detach()[None] for part in steps[t - 1].state] if t else None
        state = None if before is None else before[0] if len(before) == 1 else tuple(before)
        step = run_cells(core, x[None], state)[0][0]
        reached = (step.h * found.h[t]).sum()
        if found.c is not None:  # dL/dc_t counts the way through h_t, which stands in dL/dh_t already
            onward = found.c[t] - found.h[t] * by_c(core, inputs, t)
            reached = reached + (step.c * onward.detach()).sum()
        torch.testing.assert_close(torch.autograd.grad(reached, x)[0], expected[t], **EXACT)


@given(cases)
def test_an_lstm_as_back_propagation_written_out_by_hand(case_of):
    core, inputs, dh = case(**case_of | {"kind": nn.LSTM})
    only_last = torch.zeros(len(inputs), *dh.shape, dtype=torch.float64)
    only_last[-1] = dh
    expected = backward(core, inputs, run_cells(core, inputs), only_last)
    found = gradients(core, trace(core, inputs), dh)
    torch.testing.assert_close(found.h, expected.h[0], **EXACT)
    torch.testing.assert_close(found.c, expected.c[0], **EXACT)


@pytest.mark.parametrize("kind", CORES)
def test_states_as_central_differences(kind):
    core, inputs, dh = case(kind)
    found = gradients(core, trace(core, inputs), dh)
    small = 1e-6

    def loss(t, name, change):
        """L when state `name` of step t, one number of it, is changed by hand."""
        state = None
        for now in range(len(inputs)):
            step = run_cells(core, inputs[now : now + 1], state)[0][0]
            parts = dict(zip("hc", step.state, strict=False))
            if now == t:
                if name == "c":  # h is made of c
                    parts["h"] = step.o * torch.tanh(step.c + change)
                parts[name] = parts[name] + change
            state = [part[None] for part in parts.values()]
            state = state[0] if len(state) == 1 else tuple(state)
        return float((parts["h"] * dh).sum())

    with torch.no_grad():
        for name in ["h", "c"][: 1 + (kind is nn.LSTM)]:
            for t in range(len(inputs)):
                change = torch.zeros_like(dh)
                change[1, 2] = small
                slope = (loss(t, name, change) - loss(t, name, -change)) / (2 * small)
                assert slope == pytest.approx(float(getattr(found, name)[t, 1, 2]), rel=1e-6, abs=1e-9)


# along the memory alone


@pytest.mark.parametrize(("kind", "gate", "state"), [(nn.LSTM, "f", "c"), (nn.GRU, "z", "h")])
def test_straight_is_the_product_of_the_gates_that_keep(kind, gate, state):
    core, inputs, dh = case(kind)
    signals = trace(core, inputs)
    found = gradients(core, signals, dh)
    gates = getattr(signals, gate)[0].detach()
    for t in range(len(inputs)):
        expected = getattr(found, state)[-1] * gates[t + 1 :].prod(0)
        torch.testing.assert_close(found.straight[t], expected)


def test_with_open_forget_gates_nearly_all_comes_along_the_memory():
    _, model = memory_model(hidden=8)
    with torch.no_grad():
        model.core.bias_ih_l0[8:16] = 30
    task, _ = memory_model()
    found = flow(model, task.exam(np.random.default_rng(0), 40))
    np.testing.assert_allclose(found.straight, found.straight[-1], rtol=1e-6)
    assert found.c[0] > 0.3 * found.c[-1]
    with torch.no_grad():
        model.core.bias_ih_l0[8:16] = -3
    found = flow(model, task.exam(np.random.default_rng(0), 40))
    assert found.c[0] < 1e-8 * found.c[-1]
    assert found.straight[0] < found.c[0]


# of a network and its loss


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_the_lengths_of_a_whole_network(cell, kind):
    task, model = memory_model(kind, cell)
    model.double()
    batch = task.exam(np.random.default_rng(0), 5)
    if kind == "adding":
        batch = type(batch)(batch.inputs.double(), batch.targets.double(), batch.skip)
    found = flow(model, batch)
    last = 2 * 5 if kind == "counting" else 6  # the end of aⁿXbⁿ, the cue, the last number
    assert found.h.shape == (last + 1,)
    expected = []
    for sequence in range(batch.inputs.shape[1]):
        one = slice(sequence, sequence + 1)
        steps = run_cells(model.core, model.embed(batch.inputs[:, one]))[0]
        prediction = model.head(steps[last].h)[None]
        loss = model.loss(prediction, batch.targets[last : last + 1, one])
        states = [step.h for step in steps[: last + 1]]
        expected.append([float(grad.norm()) for grad in torch.autograd.grad(loss, states)])
    np.testing.assert_allclose(found.h, np.mean(expected, axis=0), rtol=1e-10)


def test_the_number_of_sequences_makes_no_difference():
    task, model = memory_model()
    hidden = torch.randn(1, 4, 6)
    targets = torch.tensor([[1, 2, 3, 4]])
    together = loss_gradient(model, hidden, targets)
    alone = [loss_gradient(model, hidden[:, k : k + 1], targets[:, k : k + 1]) for k in range(4)]
    torch.testing.assert_close(together, torch.cat(alone))
    assert task.vocab_size


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("kind", "lag"), [("recall", 10), ("counting", 5), ("adding", 10)])
@pytest.mark.parametrize("reach", [1, 2, 3, 5, 7, 12, 100])
def test_truncation_ends_the_flow_where_the_training_ends_it(cell, kind, lag, reach):
    """The step where the gradient ends is the one where that of the network's own inputs ends."""
    task, model = memory_model(kind, cell)
    batch = task.exam(np.random.default_rng(0), lag)
    found = flow(model, batch, reach)
    full = flow(model, batch)
    last = len(found.h) - 1
    embedded = model.embed(batch.inputs).detach().requires_grad_()
    model.embed = lambda inputs: embedded
    predictions, _ = model(batch.inputs, reach=reach)
    loss = model.loss(predictions[last : last + 1], batch.targets[last : last + 1])
    reached = torch.autograd.grad(loss, embedded)[0].abs().flatten(1).amax(1)[: last + 1] > 0
    assert (found.h > 0).tolist() == reached.tolist()
    np.testing.assert_array_equal(found.h[reached], full.h[reached])
    for one, other in ((found.c, full.c), (found.straight, full.straight)):
        if one is not None:
            assert (one[~reached] == 0).all()
            np.testing.assert_array_equal(one[reached], other[reached])


def test_far_back_the_gradient_is_small_and_not_zero():
    task, model = memory_model(cell="rnn", hidden=4)
    with torch.no_grad():
        model.core.weight_hh_l0 *= 0.02
    found = flow(model, task.exam(np.random.default_rng(0), 60))
    assert 0 < found.h[0] < 1e-60
    assert math.isfinite(found.h[-1])


def test_it_leaves_no_trace():
    task, model = memory_model()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    batch = task.exam(np.random.default_rng(0), 9)
    inputs = batch.inputs.clone()
    flow(model, batch)
    assert torch.equal(batch.inputs, inputs)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name])
        assert weight.grad is None
        assert weight.dtype == torch.float32
