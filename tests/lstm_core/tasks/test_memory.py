"""The memory tasks: what is to be remembered is there, once, and nothing else tells it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import IGNORED, MEMORY_TASKS, MemoryConfig, ModelConfig, TrainConfig, memory_length
from lstm_core.experiments.race.lane import score
from lstm_core.nn.model import SequenceModel
from lstm_core.tasks import make_task
from lstm_core.tasks.memory import (
    BLANK,
    CUE,
    END,
    MEMORY_ABOUT,
    MEMORY_NAMES,
    RIGHT,
    SYMBOLS,
    A,
    B,
    MemoryTask,
    X,
)

KINDS = pytest.mark.parametrize("kind", MEMORY_TASKS)
lags = st.integers(1, 60)
seeds = st.integers(0, 1000)


def task(kind):
    return make_task(MemoryConfig(kind), TrainConfig())


def rng(seed=0):
    return np.random.default_rng(seed)


def accuracy(task, model, lag, sequences, rng):
    return score(task, model, task.batch(rng, sequences, lag))


class Oracle:
    """Says what it is told to, whatever it reads."""

    def __init__(self, say):
        self.say = say

    def __call__(self, inputs):
        return self.say(inputs), None


def certain(tokens, vocabulary):
    return torch.nn.functional.one_hot(tokens, vocabulary).float()


# what a batch holds


@KINDS
@given(lag=lags, batch=st.integers(1, 9), seed=seeds)
def test_shapes_and_types(kind, lag, batch, seed):
    one = task(kind)
    made = one.batch(rng(seed), batch, lag)
    length = memory_length(kind, lag)
    if kind == "adding":
        assert made.inputs.shape == (length, batch, one.input_size)
        assert made.targets.shape == (length, batch, one.output_size)
        assert made.inputs.dtype == made.targets.dtype == torch.float32
        assert one.vocab_size is None
    else:
        assert made.inputs.shape == made.targets.shape == (length, batch)
        assert made.inputs.dtype == made.targets.dtype == torch.int64
        assert 0 <= made.inputs.min() <= made.inputs.max() < one.vocab_size == len(one.vocabulary)
        assert made.targets[made.targets != IGNORED].max() < one.vocab_size


@given(lag=lags, seed=seeds)
def test_recall_names_the_symbol_at_the_cue_and_counts_nothing_else(lag, seed):
    made = task("recall").batch(rng(seed), 5, lag)
    assert (made.inputs[0] < SYMBOLS).all()
    assert (made.inputs[1:-1] == BLANK).all()
    assert len(made.inputs[1:-1]) == lag
    assert (made.inputs[-1] == CUE).all()
    assert torch.equal(made.targets[-1], made.inputs[0])
    assert (made.targets[:-1] == IGNORED).all()
    assert made.skip == len(made.inputs) - 1


@given(lag=lags, seed=seeds)
def test_adding_marks_two_numbers_far_apart_and_asks_for_their_sum(lag, seed):
    made = task("adding").batch(rng(seed), 7, lag)
    numbers, marks = made.inputs.unbind(-1)
    assert (numbers >= 0).all()
    assert (numbers < 1).all()
    assert (marks.sum(0) == 2).all()
    torch.testing.assert_close((numbers * marks).sum(0), made.targets[-1, :, 0])
    length, tenth = len(marks), max(1, len(marks) // 10)
    first, last = marks[:tenth].sum(0), marks[-tenth:].sum(0)
    assert (first == 1).all()
    assert (last == 1).all()
    assert made.skip == length - 1


def test_the_sums_have_the_variance_of_the_literature():
    sums = task("adding").batch(rng(), 20_000, 3).targets[-1]
    assert sums.mean() == pytest.approx(1, abs=0.01)
    assert sums.var() == pytest.approx(1 / 6, abs=0.005)  # 0.167: the error of always saying 1


@given(lag=lags, seed=seeds)
def test_counting_is_a_n_x_b_n_and_only_what_follows_from_the_a_counts(lag, seed):
    one = task("counting")
    made = one.batch(rng(seed), 6, lag)
    for inputs, targets in zip(made.inputs.T.tolist(), made.targets.T.tolist(), strict=True):
        n = inputs.index(X)
        assert 1 <= n <= lag
        assert inputs == [A] * n + [X] + [B] * n + [END] * (len(inputs) - 2 * n - 1)
        assert targets == [IGNORED] * n + [B] * n + [END] + [IGNORED] * (len(inputs) - 2 * n - 1)


def test_every_n_up_to_the_lag_is_drawn():
    made = task("counting").batch(rng(), 400, 7)
    assert {int(n) for n in (made.inputs == A).sum(0)} == set(range(1, 8))


@KINDS
def test_the_same_stream_gives_the_same_batch_and_validation_never_changes(kind):
    one = task(kind)
    for left, right in (
        (one.batch(rng(3), 4, 9), one.batch(rng(3), 4, 9, noise=0.5)),
        (one.validation(9), one.validation(9)),
    ):
        assert torch.equal(left.inputs, right.inputs)
        assert torch.equal(left.targets, right.targets)


def test_an_exam_asks_for_every_symbol_once_and_for_the_whole_count():
    recall = task("recall").exam(rng(), 5)
    assert sorted(recall.targets[-1].tolist()) == list(range(SYMBOLS))
    counting = task("counting").exam(rng(), 5)
    assert (counting.inputs[:, 0] == A).sum() == 5
    assert task("adding").exam(rng(), 5).inputs.shape[1] == 64


# what counts as right


@given(lag=lags)
def test_whoever_knows_the_answer_is_right_at_every_lag(lag):
    recall, counting = task("recall"), task("counting")
    remember = Oracle(lambda inputs: certain(inputs[:1].expand_as(inputs), recall.vocab_size))
    assert accuracy(recall, remember, lag, 20, rng()) == 1

    def count(inputs):
        n = (inputs == A).sum(0)
        t = torch.arange(len(inputs))[:, None]
        return certain(torch.where(t < 2 * n, B, END), counting.vocab_size)

    assert accuracy(counting, Oracle(count), lag, 20, rng()) == 1
    add = Oracle(lambda inputs: (inputs[..., 0] * inputs[..., 1]).sum(0).expand(len(inputs), -1)[..., None])
    assert accuracy(task("adding"), add, lag, 20, rng()) == 1


def test_one_wrong_step_makes_a_count_wrong():
    counting = task("counting")
    batch = counting.exam(rng(), 4)
    says = certain(batch.targets.clamp_min(0), counting.vocab_size)
    assert counting.right(says, batch).tolist() == [1]
    for t in range(4, 9):  # the X, three b and the last b
        wrong = says.clone()
        wrong[t] = certain(torch.tensor([A]), counting.vocab_size)
        assert counting.right(wrong, batch).tolist() == [0]
    for t in (*range(4), 9):  # what nobody can know, and what comes after the end
        other = says.clone()
        other[t] = certain(torch.tensor([X]), counting.vocab_size)
        assert counting.right(other, batch).tolist() == [1]


def test_a_sum_is_right_within_its_bound():
    adding = task("adding")
    batch = adding.exam(rng(), 4)
    for error, right in ((0.99 * RIGHT, 1.0), (-0.99 * RIGHT, 1.0), (1.01 * RIGHT, 0.0)):
        assert adding.right(batch.targets + error, batch).mean() == right


@KINDS
def test_whoever_guesses_well_reaches_chance_and_no_more(kind):
    one, lag = task(kind), 4
    guesses = {
        "recall": lambda inputs: certain(torch.full_like(inputs, 3), one.vocab_size),
        "adding": lambda inputs: torch.ones(*inputs.shape[:2], 1),
        "counting": lambda inputs: certain(torch.where((inputs == B).cumsum(0) >= 2, END, B), one.vocab_size),
    }
    found = accuracy(one, Oracle(guesses[kind]), lag, 20_000, rng())
    assert found == pytest.approx(one.chance(lag), abs=0.015)


@KINDS
def test_accuracy_draws_nothing_from_the_training_stream_and_trains_nothing(kind):
    one = task(kind)
    sizes = {"input_size": one.input_size or 1, "output_size": one.output_size}
    model = SequenceModel(ModelConfig(hidden_size=5, embedding_size=3), one.vocab_size, **sizes)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    first = accuracy(one, model, 6, 50, rng(1))
    assert 0 <= first <= 1
    assert first == accuracy(one, model, 6, 50, rng(1))
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_every_task_has_a_name_and_a_sentence():
    assert set(MEMORY_NAMES) == set(MEMORY_ABOUT) == set(MEMORY_TASKS)
    for kind in MEMORY_TASKS:
        assert isinstance(task(kind), MemoryTask)
        assert task(kind).kind == "memory"
        assert task(kind).what == kind
