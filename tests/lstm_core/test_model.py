"""SequenceModel: its weights, its shapes, and its loss against an independent computation in float64."""

import numpy as np
import pytest
import torch

from lstm_core.cell import run_cells
from lstm_core.config import ModelConfig
from lstm_core.model import SequenceModel

SMALL = ModelConfig(hidden_size=6, num_layers=2, embedding_size=5)
VOCABULARY = 9


def predictions_by_hand(model, inputs):
    """Every prediction from the plain equations of the cell, as a float64 array."""
    hidden = torch.stack([step.h for step in run_cells(model.lstm, model.embed(inputs))[-1]])
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
        total = getattr(model.lstm, f"bias_ih_l{layer}") + getattr(model.lstm, f"bias_hh_l{layer}")
        i, f, g, o = total.detach().chunk(4)
        assert torch.equal(f, torch.full((6,), forget_bias))
        assert not torch.cat([i, g, o]).any()
    assert not model.head.bias.any()


def test_recurrent_weights_are_orthogonal_gate_by_gate():
    model = SequenceModel(SMALL, VOCABULARY)
    for layer in range(2):
        for gate in getattr(model.lstm, f"weight_hh_l{layer}").detach().chunk(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(6), rtol=0, atol=1e-5)


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
