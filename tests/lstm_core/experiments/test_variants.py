"""The stacked cell against one network at a time, in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_core.config import ModelConfig
from lstm_core.experiments.ablation.stack import Stack
from lstm_core.experiments.ablation.stacked_cell import run
from lstm_core.experiments.ablation.variants import (
    COUPLED,
    NO_F,
    NO_I,
    NO_O,
    PEEPHOLES,
    PLAIN,
    RECURRENCE,
    VARIANTS,
)
from lstm_core.nn.model import SequenceModel
from tests.lstm_core.plain_variants import close, own_parameters, plain_loss, plain_run

EACH = pytest.mark.parametrize("variant", range(len(VARIANTS)), ids=[one.name for one in VARIANTS])
VOCABULARY = 7
I, F, O, G = range(4)  # noqa: E741  gates, in the order of the stack's rows


def make_models(seeds=2, hidden=4, text=True, seed=0, **settings):
    config = ModelConfig(hidden_size=hidden, embedding_size=3, **settings)
    return [SequenceModel(config, VOCABULARY if text else None, seed + s).double() for s in range(seeds)]


def make_stack(seeds=2, hidden=4, text=True, seed=0):
    """A stack in float64 in which no parameter is 0 and no two networks are alike."""
    stack = Stack(make_models(seeds, hidden, text, seed))
    draw = torch.Generator().manual_seed(seed)
    for parameter in stack.parameters.values():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=draw, dtype=parameter.dtype)
    return stack


def make_batch(stack, steps=6, batch=3, ignored=False):
    """Inputs and targets (S, T, B) or (S, T, B, 1)."""
    draw = torch.Generator().manual_seed(0)
    size = (stack.seeds, steps + 1, batch)
    if "embedding" in stack.parameters:
        tokens = torch.randint(VOCABULARY, size, generator=draw)
        inputs, targets = tokens[:, :-1], tokens[:, 1:].clone()
        if ignored:
            targets[:, ::2, 0] = -100
        return inputs, targets
    values = torch.randn(*size, 1, generator=draw, dtype=torch.float64)
    return values[:, :-1], values[:, 1:]


def states(stack, x):
    own = stack.parameters
    bias = own["bias_ih"] + own["bias_hh"]
    return run(x, own["weight_ih"], own["weight_hh"], bias, own["peephole"], own["recurrence"])


def read_by(stack, steps=5, batch=2, size=3, seed=0, **options):
    """x (T, K, I, B) for the recurrent part of a stack."""
    draw = torch.Generator().manual_seed(seed)
    networks = len(VARIANTS) * stack.seeds
    return torch.randn(steps, networks, size, batch, generator=draw, dtype=torch.float64, **options)


def networks_of(stack, variant):
    return range(len(VARIANTS) * stack.seeds)[stack.of(variant)]


def rows(stack, gate):
    return slice(gate * stack.hidden, (gate + 1) * stack.hidden)


# what a network computes


@EACH
@given(
    seeds=st.integers(1, 3),
    hidden=st.integers(4, 6),
    steps=st.integers(1, 7),
    batch=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_states_and_gradients_are_those_of_one_network_alone(variant, seeds, hidden, steps, batch, seed):
    stack = make_stack(seeds, hidden, seed=seed)
    x = read_by(stack, steps, batch, seed=seed, requires_grad=True)
    h = states(stack, x)
    dh = torch.randn(h.shape, generator=torch.Generator().manual_seed(seed), dtype=h.dtype)
    (h * dh).sum().backward()
    for network in networks_of(stack, variant):
        alone = own_parameters(stack, network)
        inputs = x[:, network].detach().transpose(1, 2).clone().requires_grad_()
        expected = plain_run(variant, inputs, alone)
        close(h[:, network].transpose(1, 2), expected)
        (expected * dh[:, network].transpose(1, 2)).sum().backward()
        close(x.grad[:, network].transpose(1, 2), inputs.grad)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "peephole", "recurrence"):
            if name in alone:
                place = network - (stack.owners(name).start or 0)
                close(stack.parameters[name].grad[place], alone[name].grad)


@EACH
@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("skip", [0, 4])
def test_losses_and_their_gradients_are_those_of_one_network_alone(variant, text, skip):
    stack = make_stack(text=text)
    inputs, targets = make_batch(stack, ignored=text)
    losses = stack.losses(inputs, targets, skip)
    losses.sum().backward()
    for seed, network in enumerate(networks_of(stack, variant)):
        alone = own_parameters(stack, network)
        expected = plain_loss(variant, alone, inputs[seed], targets[seed], skip)
        close(losses[network], expected)
        expected.backward()
        for name, parameter in alone.items():
            place = network - (stack.owners(name).start or 0)
            close(stack.parameters[name].grad[place], parameter.grad)


def test_the_plain_one_is_torchs_lstm():
    models = make_models(seeds=3, hidden=6)
    stack = Stack(models)
    inputs, targets = make_batch(stack, steps=20)
    predictions, losses = stack.predict(inputs), stack.losses(inputs, targets)
    for seed, network in enumerate(networks_of(stack, PLAIN)):
        expected = models[seed](inputs[seed])[0]
        close(predictions[network], expected)
        close(losses[network], models[seed].loss(expected, targets[seed]))


@EACH
def test_gradients_are_finite_differences(variant):
    stack = make_stack(seeds=1)
    inputs, targets = make_batch(stack)
    network = networks_of(stack, variant)[0]
    loss = stack.losses(inputs, targets)[network]
    loss.backward()
    small = 1e-6
    for name, parameter in stack.parameters.items():
        values, gradient = parameter.data.flatten(1), parameter.grad.flatten(1)
        if network not in range(len(VARIANTS))[stack.owners(name)]:
            assert not gradient.any()
            continue
        place = network - (stack.owners(name).start or 0)
        count = values.shape[1]
        for entry in {0, count // 3, count // 2, count - 1}:
            value = values[place, entry].item()
            slopes = []
            for moved in (value + small, value - small):
                values[place, entry] = moved
                with torch.no_grad():
                    slopes.append(stack.losses(inputs, targets)[network].item())
            values[place, entry] = value
            slope = (slopes[0] - slopes[1]) / (2 * small)
            assert slope == pytest.approx(gradient[place, entry].item(), rel=1e-5, abs=1e-8), name


def test_where_no_target_counts_the_loss_is_0_as_for_one_network():
    stack = make_stack()
    inputs, targets = make_batch(stack)
    assert not stack.losses(inputs, torch.full_like(targets, -100)).any()


def test_a_second_derivative_is_refused_and_not_wrong():
    stack = make_stack(seeds=1)
    x = read_by(stack, requires_grad=True)
    (slope,) = torch.autograd.grad(states(stack, x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


# what belongs to whom


@pytest.mark.parametrize(("variant", "gate"), [(NO_I, I), (NO_F, F), (NO_O, O), (COUPLED, F)])
def test_what_is_taken_away_has_no_effect_and_no_gradient(variant, gate):
    stack = make_stack()
    inputs, targets = make_batch(stack)
    before = stack.losses(inputs, targets)
    before.sum().backward()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    for name in names:
        own = stack.parameters[name][stack.of(variant)]
        gradient = stack.parameters[name].grad[stack.of(variant)]
        assert not gradient[:, rows(stack, gate)].any()
        assert gradient[:, rows(stack, G)].any()
        own.data[:, rows(stack, gate)] += 5.0
    assert torch.equal(stack.losses(inputs, targets), before)


@pytest.mark.parametrize(("name", "variant"), [("peephole", PEEPHOLES), ("recurrence", RECURRENCE)])
def test_what_one_variant_has_in_addition_touches_no_other(name, variant):
    stack = make_stack()
    inputs, targets = make_batch(stack)
    before = stack.losses(inputs, targets)
    stack.parameters[name].data += 0.5
    changed = stack.losses(inputs, targets) != before
    expected = torch.zeros_like(changed)
    expected[stack.of(variant)] = True
    assert torch.equal(changed, expected)


def test_no_network_touches_another():
    stack = make_stack()
    inputs, targets = make_batch(stack)
    before = stack.losses(inputs, targets)
    stack.parameters["weight_hh"].data[5] = torch.nan
    after = stack.losses(inputs, targets)
    others = torch.arange(len(before)) != 5
    assert after[5].isnan()
    assert torch.equal(after[others], before[others])


# how they begin


def test_every_network_begins_as_the_model_of_its_seed_bit_for_bit():
    models = make_models(seeds=3)
    stack = Stack(models)
    h = stack.hidden
    for variant in range(len(VARIANTS)):
        for model, network in zip(models, networks_of(stack, variant), strict=True):
            own = own_parameters(stack, network)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                i, f, g, o = model.get_parameter(f"core.{name}_l0").split(h)
                if variant == COUPLED and "bias" in name:
                    i = -f
                assert torch.equal(own[name], torch.cat([i, f, o, g]))
            assert torch.equal(own["head_weight"], model.head.weight)
            assert torch.equal(own["head_bias"], model.head.bias)
            assert torch.equal(own["embedding"], model.embedding.weight)


def test_what_is_added_to_the_lstm_does_nothing_at_first():
    stack = Stack(make_models())
    inputs, targets = make_batch(stack)
    losses = stack.losses(inputs, targets)
    for variant in (PEEPHOLES, RECURRENCE):
        close(losses[stack.of(variant)], losses[stack.of(PLAIN)])


@pytest.mark.parametrize("start", [{"forget_bias": 3.0}, {"chrono": 20}])
def test_coupled_gates_forget_at_first_what_the_plain_lstm_forgets(start):
    stack = Stack(make_models(hidden=8, **start))
    x = torch.zeros(1, len(VARIANTS) * stack.seeds, 3, 1, dtype=torch.float64)
    bias = stack.parameters["bias_ih"] + stack.parameters["bias_hh"]
    coupled, plain = (torch.sigmoid(bias[stack.of(variant)]) for variant in (COUPLED, PLAIN))
    close(1 - coupled[:, rows(stack, I)], plain[:, rows(stack, F)])
    assert states(stack, x).isfinite().all()


@pytest.mark.parametrize("other", [{"num_layers": 2}, {"cell": "gru"}, {"bidirectional": True}])
def test_other_networks_are_refused(other):
    with pytest.raises(ValueError, match="one layer that reads in one direction"):
        Stack(make_models(**other))


# the length of gradients


@given(limit=st.floats(1e-3, 10), text=st.booleans())
def test_each_network_is_clipped_for_itself(limit, text):
    stack = make_stack(text=text)
    inputs, targets = make_batch(stack)
    stack.losses(inputs, targets).sum().backward()
    alone = []
    for network in range(len(VARIANTS) * stack.seeds):
        own = own_parameters(stack, network)
        for name, parameter in own.items():
            parameter.grad = stack.parameters[name].grad[network - (stack.owners(name).start or 0)].clone()
        alone.append(own)
    norms = stack.clip(limit)
    for network, own in enumerate(alone):
        close(norms[network], nn.utils.clip_grad_norm_(own.values(), limit))
        for name, parameter in own.items():
            close(stack.parameters[name].grad[network - (stack.owners(name).start or 0)], parameter.grad)
