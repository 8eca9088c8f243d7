"""Sampling, next-token probabilities and forecasts, against the model read as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lstm_core.config import CELLS, ModelConfig
from lstm_core.nn.model import SequenceModel
from lstm_core.nn.sampling import Stepper, forecast, next_tokens, read, sample_text

TWO_LAYERS = ModelConfig(hidden_size=8, num_layers=2, embedding_size=5)
VOCABULARY = 7
PROMPT = [3, 1, 4, 1, 5]
ODDS = np.array([0.40, 0.25, 0.15, 0.10, 0.06, 0.03, 0.01])
near = {"rtol": 0, "atol": 1e-6}


KINDS = pytest.mark.parametrize("cell", CELLS)


def text_model(cell="lstm"):
    """Untrained, with opinions strong enough that no two logits are nearly the same."""
    model = SequenceModel(replace(TWO_LAYERS, cell=cell), VOCABULARY, seed=1)
    with torch.no_grad():
        model.head.weight.mul_(20)
    return model


def dice():
    """A model that gives every token of ODDS its probability, whatever came before."""
    model = SequenceModel(TWO_LAYERS, VOCABULARY)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor(np.log(ODDS)))
    return model


def logits_after(model, tokens):
    """Logits of the token after `tokens`, from one pass over all of them."""
    with torch.no_grad():
        return model(torch.tensor(tokens)[:, None])[0][-1, 0]


# stepping


def each(state):
    return state if isinstance(state, tuple) else (state,)


@KINDS
@torch.no_grad()
def test_stepping_equals_reading_tokens_at_once(cell):
    model = text_model(cell)
    tokens = torch.randint(VOCABULARY, (12,), generator=torch.Generator().manual_seed(0))
    whole, state = model(tokens[:, None])
    stepper = Stepper(model)
    stepped = torch.stack([stepper.step(token.item()) for token in tokens])
    torch.testing.assert_close(stepped, whole[:, 0], rtol=0, atol=1e-5)
    for layer in range(2):
        for mine, expected in zip(stepper.state[layer], each(state), strict=True):
            torch.testing.assert_close(mine, expected[layer], **near)


@KINDS
@torch.no_grad()
def test_stepping_equals_reading_values_at_once_from_any_state(cell):
    model = SequenceModel(replace(TWO_LAYERS, cell=cell), seed=1)
    draw = torch.Generator().manual_seed(0)
    values = torch.randn(12, 1, generator=draw)
    h, c = (torch.randn(2, 1, 8, generator=draw) for _ in range(2))
    state = (h, c) if cell == "lstm" else h
    whole, _ = model(values[:, None], state)
    stepper = Stepper(model, state)
    stepped = torch.stack([stepper.step(value.item()) for value in values])
    torch.testing.assert_close(stepped, whole[:, 0], **near)


def test_what_reads_from_both_sides_cannot_go_step_by_step():
    model = SequenceModel(replace(TWO_LAYERS, bidirectional=True), VOCABULARY)
    with pytest.raises(ValueError, match="reads what follows"):
        Stepper(model)


@KINDS
def test_read_gives_predictions_and_a_state_to_go_on_from(cell):
    model = text_model(cell)
    predictions, state = read(model, torch.tensor(PROMPT))
    assert predictions.shape == (len(PROMPT), VOCABULARY)
    torch.testing.assert_close(predictions[-1], logits_after(model, PROMPT))
    following = Stepper(model, state).step(2)
    torch.testing.assert_close(following.detach(), logits_after(model, [*PROMPT, 2]), rtol=0, atol=1e-5)


# sampling


def test_the_same_seed_gives_the_same_text_whatever_else_is_drawn():
    model = text_model()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    one = sample_text(model, PROMPT, 50, temperature=2.0, seed=9)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert sample_text(model, PROMPT, 50, temperature=2.0, seed=9) == one
    assert sample_text(model, PROMPT, 50, temperature=2.0, seed=10) != one
    assert len(one) == 50
    assert all(0 <= token < VOCABULARY for token in one)


def test_a_shorter_text_is_the_beginning_of_a_longer_one():
    model = text_model()
    assert sample_text(model, PROMPT, 40, seed=9)[:15] == sample_text(model, PROMPT, 15, seed=9)
    assert sample_text(model, PROMPT, 0) == []


@pytest.mark.parametrize("options", [{"temperature": 1e-4}, {"temperature": 2.0, "top_k": 1}])
def test_cold_or_top_1_sampling_takes_the_likeliest_token(options):
    model = text_model()
    tokens = list(PROMPT)
    for token in sample_text(model, PROMPT, 30, seed=4, **options):
        assert token == logits_after(model, tokens).argmax()
        tokens.append(token)


def test_at_temperature_005_a_clear_favourite_always_wins():
    assert set(sample_text(dice(), [0], 500, temperature=0.05, seed=4)) == {0}


@pytest.mark.parametrize("top_k", [1, 2, 5])
def test_tokens_outside_the_top_k_are_never_drawn(top_k):
    model = text_model()
    tokens = list(PROMPT)
    for token in sample_text(model, PROMPT, 60, temperature=2.0, top_k=top_k, seed=3):
        assert token in logits_after(model, tokens).topk(top_k).indices
        tokens.append(token)


@pytest.mark.parametrize("top_k", [1, 3])
def test_ties_do_not_let_more_than_k_through(top_k):
    model = dice()
    with torch.no_grad():
        model.head.bias.zero_()
    assert len(set(sample_text(model, [0], 300, top_k=top_k))) == top_k


@pytest.mark.parametrize(
    ("temperature", "top_k"),
    [(1.0, 0), (0.5, 0), (2.0, 0), (1.0, 3), (2.0, 3), (1.0, VOCABULARY), (1.0, 100)],
)
def test_tokens_are_drawn_as_often_as_their_probability_says(temperature, top_k):
    tokens = sample_text(dice(), [0], 1500, temperature, top_k, seed=7)
    expected = ODDS ** (1 / temperature)
    if 0 < top_k < VOCABULARY:
        expected[top_k:] = 0
    expected /= expected.sum()
    frequencies = np.bincount(tokens, minlength=VOCABULARY) / len(tokens)
    np.testing.assert_allclose(frequencies, expected, atol=0.04)


def test_an_impossible_token_is_never_drawn():
    model = dice()
    with torch.no_grad():
        model.head.bias[0] = -1e30
        model.head.bias[6] = -1e30
    assert set(sample_text(model, [1], 500, temperature=2.0)) == {1, 2, 3, 4, 5}


def test_an_empty_prompt_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        sample_text(text_model(), [], 5)


def test_sampling_leaves_the_weights_alone():
    model = text_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    sample_text(model, PROMPT, 20)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


# next tokens


def test_next_tokens_are_those_of_the_softmax_likeliest_first():
    model = text_model()
    tokens, probabilities = next_tokens(model, PROMPT, k=4)
    logits = logits_after(model, PROMPT).double().numpy()
    softmax = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert tokens == np.argsort(-softmax)[:4].tolist()
    np.testing.assert_allclose(probabilities, softmax[tokens], rtol=1e-4)
    assert list(probabilities) == sorted(probabilities, reverse=True)
    assert probabilities.sum() <= 1 + 1e-6


def test_no_more_next_tokens_than_the_vocabulary_has():
    tokens, probabilities = next_tokens(text_model(), PROMPT, k=50)
    assert sorted(tokens) == list(range(VOCABULARY))
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)


# forecasts


@pytest.fixture
def wave():
    return torch.sin(torch.arange(30) / 3)[:, None]


@KINDS
@pytest.mark.parametrize("layers", [1, 2])
def test_a_forecast_feeds_on_itself(wave, cell, layers):
    model = SequenceModel(ModelConfig(cell, hidden_size=8, num_layers=layers), seed=1)
    one_step, ahead = forecast(model, wave, 10)
    assert one_step.shape == (30,)
    assert ahead.shape == (10,)
    assert ahead[0] == one_step[-1]

    known = wave
    for value in ahead:
        predictions, _ = read(model, known)
        assert value == pytest.approx(predictions[-1].item(), abs=1e-5)
        known = torch.cat([known, torch.tensor([[value]])])


def test_one_step_predictions_see_only_what_is_known(wave):
    model = SequenceModel(TWO_LAYERS, seed=1)
    one_step, _ = forecast(model, wave, 0)
    shorter, ahead = forecast(model, wave[:20], 1)
    np.testing.assert_allclose(shorter, one_step[:20], atol=1e-6)
    assert ahead[0] == pytest.approx(one_step[19], abs=1e-6)


def test_a_forecast_of_no_steps_is_empty(wave):
    assert forecast(SequenceModel(TWO_LAYERS), wave, 0)[1].shape == (0,)
