"""SequenceModel: its weights, its shapes, its loss and its gradients, computed independently in float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstm_core.config import CELLS, ModelConfig
from lstm_core.nn.cell import run_cells
from lstm_core.nn.model import SequenceModel

SMALL = ModelConfig(hidden_size=6, num_layers=2, embedding_size=5)
VOCABULARY = 9


def predictions_by_hand(model, inputs):
    """Every prediction from the plain equations of the cell, as a float64 array."""
    hidden = torch.stack([step.h for step in run_cells(model.core, model.embed(inputs))[-1]])
    return (hidden @ model.head.weight.T + model.head.bias).detach().numpy()


@pytest.mark.parametrize("vocabulary", [VOCABULARY, None])
def test_the_seed_alone_decides_the_weights(vocabulary):
    torch.manual_seed(1)
    one = SequenceModel(SMALL, vocabulary, seed=3).state_dict()
    torch.manual_seed(2)
    torch.rand(100)
    other = SequenceModel(SMALL, vocabulary, seed=3).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)

    different = SequenceModel(SMALL, vocabulary, seed=4).state_dict()
    assert all(not torch.equal(one[name], different[name]) for name in one if "weight" in name)


def test_initialising_again_gives_the_first_weights_back():
    model = SequenceModel(SMALL, VOCABULARY, seed=3)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1)
    model.initialise(3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("forget_bias", [1.0, -2.5])
def test_the_forget_bias_sits_at_the_forget_gate_only(forget_bias):
    config = ModelConfig(hidden_size=6, num_layers=3, forget_bias=forget_bias)
    model = SequenceModel(config, VOCABULARY)
    for layer in range(3):
        total = getattr(model.core, f"bias_ih_l{layer}") + getattr(model.core, f"bias_hh_l{layer}")
        i, f, g, o = total.detach().chunk(4)
        assert torch.equal(f, torch.full((6,), forget_bias))
        assert not torch.cat([i, g, o]).any()
    assert not model.head.bias.any()


def test_recurrent_weights_are_orthogonal_gate_by_gate():
    model = SequenceModel(SMALL, VOCABULARY)
    for layer in range(2):
        for gate in getattr(model.core, f"weight_hh_l{layer}").detach().chunk(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(6), rtol=0, atol=1e-5)


GATES = {"lstm": 4, "gru": 3, "rnn": 1}
KINDS = pytest.mark.parametrize("cell", CELLS)
CONFIGS = st.builds(
    ModelConfig,
    cell=st.sampled_from(CELLS),
    hidden_size=st.sampled_from([4, 6]),
    num_layers=st.integers(1, 3),
    embedding_size=st.sampled_from([3, 5]),
    init=st.sampled_from(["orthogonal", "uniform"]),
    forget_bias=st.sampled_from([0.0, 1.0]),
    chrono=st.sampled_from([0, 0, 1, 2, 3, 50]),
    bidirectional=st.booleans(),
)


@given(CONFIGS, CONFIGS)
def test_what_two_settings_have_in_common_begins_with_equal_weights(one, other):
    first, second = (SequenceModel(config, VOCABULARY, seed=3).state_dict() for config in (one, other))
    for name in first.keys() & second.keys():
        if first[name].shape != second[name].shape:
            continue
        if "core" not in name or (one.cell == other.cell and one.init == other.init and "weight" in name):
            assert torch.equal(first[name], second[name]), name
        settings = "cell", "init", "forget_bias", "chrono"
        if all(getattr(one, setting) == getattr(other, setting) for setting in settings):
            assert torch.equal(first[name], second[name]), name


@KINDS
def test_no_two_parameters_are_drawn_alike(cell):
    config = ModelConfig(
        cell, hidden_size=6, num_layers=3, embedding_size=6, bidirectional=True, init="uniform"
    )
    weights = SequenceModel(config, VOCABULARY).state_dict()
    drawn = [weight.flatten()[:12] for name, weight in weights.items() if "weight" in name]
    for place, one in enumerate(drawn):
        for other in drawn[:place]:
            assert abs(torch.corrcoef(torch.stack([one, other]))[0, 1]) < 0.95


@KINDS
def test_uniform_weights_are_those_of_torch(cell):
    config = ModelConfig(cell, hidden_size=64, num_layers=2, init="uniform", forget_bias=0.0)
    for name, weight in SequenceModel(config, VOCABULARY).core.named_parameters():
        weight = weight.detach()
        assert weight.abs().max() <= 1 / 8
        if name.startswith("weight"):
            assert weight.std().item() == pytest.approx(1 / 8 / 3**0.5, rel=0.02)
            assert abs(weight.mean().item()) < 0.005


@pytest.fixture
def largest():
    """The network whose chrono biases tell most."""
    return ModelConfig(hidden_size=256, num_layers=2, chrono=200, bidirectional=True)


def biases(model, row):
    """The summed biases of one row, gate by gate."""
    *_, b_ih, b_hh = model.core.all_weights[row]
    return (b_ih + b_hh).detach().chunk(GATES[model.config.cell])


@pytest.mark.parametrize("init", ["orthogonal", "uniform"])
def test_chrono_biases_of_an_lstm(largest, init):
    model = SequenceModel(replace(largest, init=init), VOCABULARY)
    for row in range(4):
        i, f, g, o = biases(model, row)
        assert torch.equal(i, -f)
        assert f.min() >= 0
        assert f.exp().max() <= 199.001
        assert f.exp().mean().item() == pytest.approx(100, abs=12)  # of U(1, 199), three standard errors
        bound = 0 if init == "orthogonal" else 2 / 16
        assert torch.cat([g, o]).abs().max() <= bound
    assert not torch.equal(biases(model, 0)[1], biases(model, 2)[1])


def test_chrono_biases_of_a_gru_are_those_of_its_keeping_gate(largest):
    lstm = SequenceModel(largest, VOCABULARY)
    gru = SequenceModel(replace(largest, cell="gru"), VOCABULARY)
    for row in range(4):
        r, z, n = biases(gru, row)
        assert torch.equal(z, biases(lstm, row)[1])  # drawn alike, so that a race is fair
        assert not torch.cat([r, n]).any()


def test_an_rnn_has_no_gate_to_begin_with(largest):
    plain, chrono = (
        SequenceModel(replace(largest, cell="rnn", chrono=steps), VOCABULARY).state_dict()
        for steps in (0, 200)
    )
    assert all(torch.equal(plain[name], chrono[name]) for name in plain)


@KINDS
@pytest.mark.parametrize("chrono", [1, 2])
def test_the_shortest_chrono_memory_is_one_step(cell, chrono):
    model = SequenceModel(ModelConfig(cell, hidden_size=6, chrono=chrono), VOCABULARY)
    assert not torch.cat(biases(model, 0)).any()  # log 1
    assert model(torch.zeros(3, 1, dtype=torch.int64))[0].isfinite().all()


@KINDS
@pytest.mark.parametrize("bidirectional", [False, True])
def test_shapes_of_every_cell(cell, bidirectional):
    config = ModelConfig(cell, hidden_size=6, num_layers=2, embedding_size=5, bidirectional=bidirectional)
    model = SequenceModel(config, VOCABULARY, tokens=VOCABULARY + 1)
    predictions, state = model(torch.full((7, 3), VOCABULARY))
    assert predictions.shape == (7, 3, VOCABULARY)
    rows = 4 if bidirectional else 2
    for part in state if cell == "lstm" else (state,):
        assert part.shape == (rows, 3, 6)
    assert isinstance(model.core, {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell])


@KINDS
def test_values_of_any_number_go_in_and_out(cell):
    model = SequenceModel(ModelConfig(cell, hidden_size=6), input_size=2, output_size=3)
    predictions, _ = model(torch.randn(7, 4, 2))
    assert predictions.shape == (7, 4, 3)
    loss = model.loss(predictions, torch.zeros(7, 4, 3), skip=6)
    assert loss.item() == pytest.approx((predictions[6] ** 2).mean().item(), rel=1e-6)


@KINDS
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_plain_cell_under_no_real_hold_predicts_the_same(cell, bidirectional):
    config = ModelConfig(cell, hidden_size=6, num_layers=2, embedding_size=5, bidirectional=bidirectional)
    model = SequenceModel(config, VOCABULARY).double()
    inputs = torch.randint(VOCABULARY, (7, 3))
    rows = 4 if bidirectional else 2
    (fused, state), (plain, held) = model(inputs), model(inputs, holds=[None] * rows)
    torch.testing.assert_close(plain, fused, rtol=0, atol=1e-12)
    for one, other in zip(*([part] if cell != "lstm" else part for part in (state, held)), strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=1e-12)


# truncated back-propagation


def truncated_by_hand(model, inputs, reach):
    """Predictions from torch's own cells, one step after another; the past is cut off where it is too far."""
    core = model.core
    kind = {nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell, nn.RNN: nn.RNNCell}[type(core)]
    length, batch, _ = inputs.shape
    states = [[torch.zeros(batch, core.hidden_size).double() for _ in range(2)] for _ in core.all_weights]
    predictions = []
    for t in range(length):
        x = inputs[t]
        if (length - t) % reach == 0:
            states = [[part.detach() for part in state] for state in states]
        for layer, weights in enumerate(core.all_weights):
            cell = kind(x.shape[1], core.hidden_size).double()
            names = [name for name, _ in cell.named_parameters()]
            parameters = dict(zip(names, weights, strict=True))
            state = tuple(states[layer]) if kind is nn.LSTMCell else states[layer][0]
            new = torch.func.functional_call(cell, parameters, (x, state))
            states[layer] = list(new) if kind is nn.LSTMCell else [new, new]
            x = states[layer][0]
        predictions.append(x @ model.head.weight.T + model.head.bias)
    return torch.stack(predictions)


@KINDS
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("reach", [1, 3, 4, 9, 10, 11, 256])
def test_truncated_gradients_are_those_of_a_past_that_is_cut_off(cell, layers, reach):
    model = SequenceModel(ModelConfig(cell, hidden_size=5, num_layers=layers), input_size=2).double()
    inputs = torch.randn(10, 3, 2, dtype=torch.float64, requires_grad=True)
    targets = torch.randn(10, 3, 1, dtype=torch.float64)
    leaves = [inputs, *model.parameters()]
    predictions, state = model(inputs, reach=reach)
    whole, untruncated = model(inputs)
    torch.testing.assert_close(predictions, whole, rtol=0, atol=1e-12)
    for one, other in zip(
        *([part] if cell != "lstm" else part for part in (state, untruncated)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    found = torch.autograd.grad(model.loss(predictions, targets), leaves)
    by_hand = torch.autograd.grad(model.loss(truncated_by_hand(model, inputs, reach), targets), leaves)
    for one, other in zip(found, by_hand, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@KINDS
@pytest.mark.parametrize("held", [False, True])
@given(length=st.integers(1, 12), reach=st.integers(1, 15))
def test_the_last_loss_reaches_exactly_so_many_steps(cell, held, length, reach):
    model = SequenceModel(ModelConfig(cell, hidden_size=5, num_layers=2), input_size=2).double()
    holds = [None, None] if held else None
    inputs = torch.randn(length, 1, 2, dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(model(inputs, holds=holds, reach=reach)[0][-1].sum(), inputs)
    reached = slopes.abs().amax(dim=(1, 2)) > 0
    assert reached.tolist() == [t >= length - reach for t in range(length)]


def test_a_limited_reach_is_for_one_direction():
    model = SequenceModel(ModelConfig(hidden_size=6, bidirectional=True), VOCABULARY)
    inputs = torch.zeros(5, 1, dtype=torch.int64)
    with pytest.raises(ValueError, match="reach cannot be limited in a bidirectional"):
        model(inputs, reach=4)
    assert torch.equal(model(inputs, reach=5)[0], model(inputs)[0])
    with pytest.raises(ValueError, match="at least 1"):
        SequenceModel(SMALL, VOCABULARY)(inputs, reach=0)


def test_shapes_of_text():
    model = SequenceModel(SMALL, VOCABULARY)
    predictions, (h, c) = model(torch.randint(VOCABULARY, (7, 3)))
    assert predictions.shape == (7, 3, VOCABULARY)
    assert h.shape == c.shape == (2, 3, 6)
    assert model.embed(torch.zeros(7, 3, dtype=torch.int64)).shape == (7, 3, 5)


def test_shapes_of_series():
    model = SequenceModel(SMALL)
    inputs = torch.randn(7, 3, 1)
    predictions, (h, c) = model(inputs)
    assert predictions.shape == (7, 3, 1)
    assert h.shape == c.shape == (2, 3, 6)
    assert model.embed(inputs) is inputs
    assert model.embedding is None


def test_a_sequence_can_be_read_in_two_parts():
    model = SequenceModel(SMALL, VOCABULARY)
    inputs = torch.randint(VOCABULARY, (9, 2))
    whole, _ = model(inputs)
    first, state = model(inputs[:4])
    second, _ = model(inputs[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-6)


def test_cross_entropy_by_hand():
    model = SequenceModel(SMALL, VOCABULARY, seed=5).double()
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randint(VOCABULARY, (8, 3), generator=draw)
    targets = torch.randint(VOCABULARY, (8, 3), generator=draw)
    loss = model.loss(model(inputs)[0], targets).item()

    logits = predictions_by_hand(model, inputs)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    of_targets = np.take_along_axis(probabilities, targets.numpy()[..., None], axis=-1)
    assert loss == pytest.approx(-np.log(of_targets).mean(), rel=1e-12)


def test_targets_that_do_not_count():
    model = SequenceModel(SMALL, VOCABULARY, seed=5).double()
    draw = torch.Generator().manual_seed(0)
    inputs, targets = torch.randint(VOCABULARY, (2, 8, 3), generator=draw)
    left_out = torch.rand(8, 3, generator=draw) < 0.7
    predictions = model(inputs)[0]
    shares = torch.log_softmax(predictions, -1).gather(-1, targets[..., None])[..., 0]
    loss = model.loss(predictions, targets.masked_fill(left_out, -100))
    assert loss.item() == pytest.approx(-shares[~left_out].mean().item(), rel=1e-12)
    late = model.loss(predictions, targets.masked_fill(left_out, -100), skip=5)
    assert late.item() == pytest.approx(-shares[5:][~left_out[5:]].mean().item(), rel=1e-12)


def test_a_batch_in_which_nothing_counts_teaches_nothing():
    model = SequenceModel(SMALL, VOCABULARY)
    loss = model.loss(model(torch.zeros(4, 2, dtype=torch.int64))[0], torch.full((4, 2), -100))
    loss.backward()
    assert loss.item() == 0
    assert all(not weight.grad.any() for weight in model.parameters())


def test_squared_error_by_hand():
    model = SequenceModel(SMALL, seed=5).double()
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn(8, 3, 1, generator=draw, dtype=torch.float64)
    targets = torch.randn(8, 3, 1, generator=draw, dtype=torch.float64)
    loss = model.loss(model(inputs)[0], targets).item()
    errors = predictions_by_hand(model, inputs) - targets.numpy()
    assert loss == pytest.approx((errors**2).mean(), rel=1e-12)


def test_an_untrained_text_model_knows_little_more_than_nothing():
    model = SequenceModel(ModelConfig(), 50)
    draw = torch.Generator().manual_seed(0)
    inputs, targets = torch.randint(50, (2, 64, 16), generator=draw)
    assert model.loss(model(inputs)[0], targets).item() == pytest.approx(np.log(50), abs=0.3)
