"""Trainer: reproducible to the bit, knobs that act at once, a way back from divergence, and learning."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig, View
from lstm_core.frames.observer import Observer
from lstm_core.nn.sampling import forecast, sample_text
from lstm_core.training.trainer import CHECKPOINT_EVERY, History, Trainer

TEXT = RunConfig(
    TextConfig("own", text="the cat sat on the mat. " * 20),
    ModelConfig(hidden_size=16, num_layers=2, embedding_size=4),
    TrainConfig(sequence_length=8, seed=5),
    Knobs(batch_size=4),
)
SERIES = RunConfig(
    SeriesConfig(), ModelConfig(hidden_size=8), TrainConfig(sequence_length=8), Knobs(batch_size=4, noise=0.1)
)
both = pytest.mark.parametrize("config", [TEXT, SERIES], ids=["text", "series"])


def train(trainer, steps):
    return [trainer.step() for _ in range(steps)]


def weights(trainer):
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def spoil(trainer, value=math.inf):
    with torch.no_grad():
        trainer.model.head.weight[0, 0] = value


def next_batch(trainer):
    """The batch that the next step will read."""
    rng = np.random.default_rng()
    rng.bit_generator.state = trainer.rng.bit_generator.state
    length = trainer.config.train.sequence_length
    return trainer.task.batch(rng, trainer.knobs.batch_size, length, trainer.knobs.noise)


# the same losses


@both
def test_equal_configs_give_equal_losses_and_weights(config):
    one, other = Trainer(config), Trainer(config)
    losses = train(one, 40)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    assert train(other, 40) == losses
    assert same(weights(one), weights(other))
    assert one.valid_loss == other.valid_loss


@both
def test_another_seed_gives_other_losses(config):
    other = RunConfig(config.task, config.model, TrainConfig(8, seed=99), config.knobs)
    assert train(Trainer(config), 3) != train(Trainer(other), 3)


@both
def test_looking_on_changes_no_loss(config):
    undisturbed = train(Trainer(config), 40)
    trainer = Trainer(config)
    observer = Observer(trainer, View(units="all"))
    losses = []
    for number in range(40):
        losses.append(trainer.step())
        trainer.validate()
        trainer.checkpoint()
        observer.observe({})
        if number % 5 == 0:
            observer.record_growth()
            observer.refresh_outputs()
            if config.kind == "text":
                sample_text(trainer.model, [0], 10, seed=number)
            else:
                forecast(trainer.model, torch.from_numpy(trainer.task.scaled[:20, None]), 10)
        torch.rand(number + 1)
    assert losses == undisturbed


@both
def test_validating_more_often_changes_no_loss(config, monkeypatch):
    rarely = train(Trainer(config), 30)
    monkeypatch.setattr("lstm_core.training.trainer.VALIDATE_EVERY", 1)
    trainer = Trainer(config)
    assert train(trainer, 30) == rarely
    assert [step for step, _ in trainer.valid_losses.points] == list(range(1, 31))


@both
def test_validation_repeats_and_is_the_loss_on_the_validation_part(config):
    trainer = Trainer(config)
    train(trainer, 5)
    batch = trainer.task.validation(8)
    with torch.no_grad():
        predictions, _ = trainer.model(batch.inputs)
    counted, targets = predictions[batch.skip :].double(), batch.targets[batch.skip :]
    if config.kind == "text":
        chosen = torch.log_softmax(counted, -1).gather(-1, targets[..., None])
        expected = -chosen.mean().item()
    else:
        expected = ((counted - targets) ** 2).mean().item()
    assert trainer.validate() == trainer.validate() == pytest.approx(expected, rel=1e-5)


def test_validation_comes_early_and_then_every_hundred_steps():
    trainer = Trainer(TEXT)
    train(trainer, 205)
    assert [step for step, _ in trainer.valid_losses.points] == [1, 10, 30, 100, 200]
    assert trainer.valid_loss == trainer.valid_losses.points[-1][1]


# one step


def test_a_step_is_adam_with_clipped_gradients():
    trainer = Trainer(TEXT)
    trainer.model.double()
    trainer.optimizer.clear()  # its moments are float64, too
    trainer.knobs = Knobs(learning_rate=0.02, batch_size=3, clip=0.2, noise=0.3)
    mine = [weight.detach().numpy().copy() for weight in trainer.parameters]
    first, second = ([np.zeros_like(weight) for weight in mine] for _ in range(2))
    clipped = 0
    for t in range(1, 6):
        batch = next_batch(trainer)
        twin = copy.deepcopy(trainer.model)
        predictions, _ = twin(batch.inputs)
        loss = twin.loss(predictions[batch.skip :], batch.targets[batch.skip :])
        gradients = [g.numpy() for g in torch.autograd.grad(loss, list(twin.parameters()))]
        norm = math.sqrt(sum((gradient**2).sum() for gradient in gradients))
        clipped += norm > 0.2
        for weight, m, v, gradient in zip(mine, first, second, gradients, strict=True):
            gradient = gradient * min(1, 0.2 / (norm + 1e-6))
            m += 0.1 * (gradient - m)
            v += 0.001 * (gradient**2 - v)
            weight -= 0.02 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert trainer.step() == pytest.approx(loss.item(), rel=1e-12)
    assert clipped
    for weight, expected in zip(trainer.parameters, mine, strict=True):
        np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=0, atol=1e-9)


def test_knobs_act_at_the_very_next_step(monkeypatch):
    trainer = Trainer(TEXT)
    asked = []
    batch = trainer.task.batch

    def spy(rng, batch_size, length, noise):
        asked.append((batch_size, length, noise))
        return batch(rng, batch_size, length, noise)

    monkeypatch.setattr(trainer.task, "batch", spy)
    trainer.step()
    assert trainer.learning_rate == TEXT.knobs.learning_rate

    trainer.knobs = Knobs(learning_rate=1e-5, batch_size=7, noise=0.5)
    before = weights(trainer)
    trainer.step()
    assert asked == [(4, 8, 0.0), (7, 8, 0.5)]
    assert trainer.learning_rate == 1e-5
    moved = max((tensor - before[name]).abs().max().item() for name, tensor in weights(trainer).items())
    assert 0 < moved < 1e-4

    trainer.knobs = Knobs(learning_rate=0.5)
    trainer.step()
    assert trainer.learning_rate == 0.5
    moved = max((tensor - before[name]).abs().max().item() for name, tensor in weights(trainer).items())
    assert moved > 0.1


def test_before_the_first_step_nothing_is_known():
    trainer = Trainer(TEXT)
    assert trainer.step_count == 0
    assert math.isnan(trainer.loss)
    assert math.isnan(trainer.valid_loss)
    assert trainer.diverged is None
    assert trainer.learning_rate == TEXT.knobs.learning_rate
    for history in (trainer.losses, trainer.valid_losses):
        assert [array.shape for array in history.arrays()] == [(0,), (0,)]


def test_data_that_cannot_be_learnt_are_refused():
    with pytest.raises(ValueError, match="too short"):
        Trainer(RunConfig(TextConfig("own", text="abc")))


# divergence


@both
@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_diverged_network_goes_back_to_the_last_snapshot(config, value):
    trainer = Trainer(config)
    train(trainer, CHECKPOINT_EVERY)
    good, loss, valid_loss = weights(trainer), trainer.loss, trainer.valid_loss
    following = train(trainer, 30)
    spoil(trainer, value)
    assert not math.isfinite(trainer.step())

    assert "diverged at step 131" in trainer.diverged
    assert "step 100" in trainer.diverged
    assert "Lower the learning rate" in trainer.diverged
    assert trainer.step_count == CHECKPOINT_EVERY
    assert (trainer.loss, trainer.valid_loss) == (loss, valid_loss)
    assert same(weights(trainer), good)
    assert all(tensor.isfinite().all() for tensor in weights(trainer).values())
    assert [step for step, _ in trainer.losses.points] == list(range(1, CHECKPOINT_EVERY + 1))
    assert [step for step, _ in trainer.valid_losses.points] == [1, 10, 30, 100]

    assert train(trainer, 30) == following
    assert trainer.diverged is None
    assert trainer.step_count == CHECKPOINT_EVERY + 30


def test_divergence_before_the_first_snapshot_goes_back_to_the_start():
    trainer = Trainer(TEXT)
    initial = weights(trainer)
    losses = train(trainer, 5)
    for _ in range(2):
        spoil(trainer)
        trainer.step()
        assert trainer.step_count == 0
        assert math.isnan(trainer.loss)
        assert same(weights(trainer), initial)
        assert not trainer.losses.points
    assert train(trainer, 5) == losses


def with_a_steep_gradient(trainer, monkeypatch):
    """The loss stays as it is, but its gradient is not a number any more."""
    loss = trainer.model.loss

    def steep(predictions, targets, skip=0):
        return loss(predictions, targets) + torch.sqrt(0 * predictions.sum())

    monkeypatch.setattr(trainer.model, "loss", steep)


def test_a_gradient_that_is_not_finite_counts_as_divergence(monkeypatch):
    trainer = Trainer(TEXT)
    initial = weights(trainer)
    train(trainer, 3)
    with_a_steep_gradient(trainer, monkeypatch)
    assert math.isfinite(trainer.step())
    assert "diverged at step 4" in trainer.diverged
    assert same(weights(trainer), initial)


def test_a_broken_gradient_is_not_called_a_broken_loss(monkeypatch):
    trainer = Trainer(TEXT)
    with_a_steep_gradient(trainer, monkeypatch)
    assert f"the loss became {trainer.step()}" not in trainer.diverged


# snapshots


@both
def test_a_snapshot_resumes_bit_for_bit(config):
    trainer = Trainer(config)
    train(trainer, 37)
    snapshot = trainer.checkpoint()
    state = weights(trainer)
    following = train(trainer, 30)

    trainer.restore(snapshot)
    assert trainer.step_count == 37
    assert same(weights(trainer), state)
    assert [step for step, _ in trainer.losses.points] == list(range(1, 38))
    assert train(trainer, 30) == following

    another = Trainer(config)
    another.restore(snapshot)
    assert another.step_count == 37
    assert train(another, 30) == following
    assert same(weights(another), weights(trainer))


def test_after_a_restore_divergence_goes_back_to_what_was_restored():
    trainer = Trainer(TEXT)
    train(trainer, 37)
    snapshot, good = trainer.checkpoint(), weights(trainer)
    another = Trainer(TEXT)
    another.restore(snapshot)
    train(another, 3)
    spoil(another)
    another.step()
    assert another.step_count == 37
    assert same(weights(another), good)


# histories


@given(st.lists(st.floats(-1e6, 1e6), max_size=400), st.sampled_from([2, 4, 8, 16]))
def test_a_history_stays_small_and_keeps_the_mean(values, capacity):
    history = History(capacity)
    for step, value in enumerate(values, start=1):
        history.append(step, value)
        assert len(history.points) < capacity
    steps = [step for step, _ in history.points]
    assert steps == [history.bucket * (place + 1) for place in range(len(steps))]
    assert len(values) - history.bucket < (steps[-1] if steps else 0) or not values
    for step, mean in history.points:
        assert mean == pytest.approx(np.mean(values[step - history.bucket : step]), abs=1e-6)
    if steps:
        means = [mean for _, mean in history.points]
        assert np.mean(means) == pytest.approx(np.mean(values[: steps[-1]]), abs=1e-6)


@given(st.integers(0, 300), st.integers(0, 320), st.integers(0, 300))
def test_a_cut_history_goes_on_from_there(before, cut, after):
    history = History(16)
    for step in range(1, before + 1):
        history.append(step, float(step))
    kept = [point for point in history.points if point[0] <= cut]
    history.cut(cut)
    assert history.points == kept
    start = min(before, cut)
    for step in range(start + 1, start + after + 1):
        history.append(step, float(step))
    steps, values = history.arrays()
    assert len(steps) < 16
    assert (np.diff(steps) > 0).all()
    assert (np.diff(values) > 0).all()
    assert (values <= steps).all()


def test_a_cut_history_keeps_what_its_next_bucket_has_begun_with():
    history = History(4)
    for step in range(1, 12):
        history.append(step, float(step))
    assert (history.bucket, history.points[-1]) == (4, (8, 6.5))
    history.cut(10)
    history.append(11, 9.0)
    history.append(12, 4.0)
    assert history.points[-1] == (12, (9 + 10 + 9 + 4) / 4)


def test_arrays_of_a_history():
    history = History()
    history.append(1, 2.5)
    history.append(2, 1.5)
    steps, values = history.arrays()
    assert steps.dtype == values.dtype == np.float32
    assert steps.tolist() == [1, 2]
    assert values.tolist() == [2.5, 1.5]


def test_a_trainer_keeps_every_loss_of_the_first_steps():
    trainer = Trainer(TEXT)
    losses = train(trainer, 20)
    assert trainer.losses.points == list(enumerate(losses, start=1))
    assert trainer.loss == losses[-1]


# learning


def test_a_repetitive_text_is_learnt():
    config = RunConfig(
        TEXT.task, ModelConfig(hidden_size=32), TrainConfig(sequence_length=16), Knobs(batch_size=8)
    )
    trainer = Trainer(config)
    losses = train(trainer, 150)
    assert losses[0] > 2
    assert np.mean(losses[-10:]) < 0.3
    assert trainer.validate() < 0.5
    prompt = trainer.task.encode("the cat sat ")
    written = trainer.task.decode(sample_text(trainer.model, prompt, 24, temperature=0.05))
    assert written == "on the mat. the cat sat "


def test_a_sine_is_learnt():
    config = RunConfig(SeriesConfig(), ModelConfig(hidden_size=32), TrainConfig(sequence_length=24))
    trainer = Trainer(config)
    losses = train(trainer, 150)
    assert np.mean(losses[-10:]) < losses[0] / 30
    assert math.sqrt(trainer.validate()) * trainer.task.std < trainer.task.naive_rmse / 3


def test_a_learning_rate_that_is_far_too_large_is_survived():
    knobs = Knobs(learning_rate=1.0, clip=100.0)
    trainer = Trainer(RunConfig(SeriesConfig(), ModelConfig(hidden_size=32), TEXT.train, knobs))
    train(trainer, 60)
    assert all(tensor.isfinite().all() for tensor in weights(trainer).values())


def test_weights_that_diverge_at_once_are_not_what_a_run_falls_back_to():
    trainer = Trainer(
        RunConfig(TextConfig("rhymes"), ModelConfig(hidden_size=8), TrainConfig(sequence_length=8))
    )
    while trainer.step_count < CHECKPOINT_EVERY - 1:
        trainer.step()
    with torch.no_grad():
        trainer.model.head.weight.fill_(1e38)  # the next step is finite no more, though its weights are
    good = trainer._good["step"]
    for _ in range(2):
        trainer.step()
        if trainer.diverged:
            break
    assert trainer.diverged
    assert trainer.step_count == good
    assert math.isfinite(trainer.step())
