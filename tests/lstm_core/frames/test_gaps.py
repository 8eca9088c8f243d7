"""Texts with gaps: what is hidden, what counts, and how a frame shows what a network fills in."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.analysis.question import Question
from lstm_core.config import (
    CELLS,
    Hands,
    Knobs,
    ModelConfig,
    RunConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.frames.frame import Frame
from lstm_core.frames.observer import Observer
from lstm_core.tasks import TextTask, make_task
from lstm_core.training.trainer import Trainer

TEXT = "the cat sat on the mat.\n" * 30
SHORT = TrainConfig(sequence_length=8)


def own(text=TEXT, goal="gaps", level="characters", length=4):
    return make_task(TextConfig("own", level, goal=goal, text=text), TrainConfig(sequence_length=length))


# the task


@given(
    seed=st.integers(0, 2**32),
    batch_size=st.integers(1, 40),
    length=st.integers(4, 64),
    noise=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_gaps_are_blank_and_nothing_else_counts(seed, batch_size, length, noise):
    task = own()
    batch = task.batch(np.random.default_rng(seed), batch_size, length, noise)
    assert batch.inputs.shape == batch.targets.shape == (length, batch_size)
    assert batch.inputs.dtype == batch.targets.dtype == torch.int64
    gaps = batch.inputs == task.blank
    assert gaps.any()
    assert torch.equal(batch.targets == -100, ~gaps)
    assert batch.targets[gaps].min() >= 0
    assert batch.inputs[~gaps].max() < task.vocab_size
    again = task.batch(np.random.default_rng(seed), batch_size, length, noise)
    assert torch.equal(batch.inputs, again.inputs)
    assert torch.equal(batch.targets, again.targets)


def test_what_is_hidden_is_what_stands_there():
    task = own()
    text = task.decode(task.train_tokens.tolist())
    batch = task.batch(np.random.default_rng(0), 30, 20)
    for inputs, targets in zip(batch.inputs.T, batch.targets.T, strict=True):
        whole = torch.where(inputs == task.blank, targets, inputs)
        assert task.decode(whole.tolist()) in text


def test_about_one_token_in_seven_is_a_gap():
    share = (own(length=64).batch(np.random.default_rng(0), 128, 64).inputs == own().blank).double().mean()
    assert share.item() == pytest.approx(0.15, abs=0.02)


def test_noise_disturbs_neither_the_gaps_nor_what_they_hide():
    task = own()
    plain, noisy = (task.batch(np.random.default_rng(3), 16, 32, noise) for noise in (0.0, 0.5))
    gaps = plain.inputs == task.blank
    assert torch.equal(noisy.inputs == task.blank, gaps)
    assert torch.equal(noisy.targets, plain.targets)
    changed = (noisy.inputs != plain.inputs)[~gaps].double().mean().item()
    assert changed == pytest.approx(0.5 * (1 - 1 / task.vocab_size), abs=0.1)


@pytest.mark.parametrize("length", [1, 4, 16, 64])
def test_validation_has_the_same_gaps_every_time(length):
    task = own()
    batch = task.validation(length)
    gaps = batch.inputs == task.blank
    assert gaps.any()
    assert torch.equal(batch.targets >= 0, gaps)
    assert torch.equal(batch.inputs, task.validation(length).inputs)
    plain = own(goal="next").validation(length)
    assert torch.equal(torch.where(gaps, batch.targets, batch.inputs), plain.inputs)


def test_the_next_token_is_predicted_as_ever():
    task = own(goal="next")
    assert task.input_tokens == task.vocab_size == task.blank
    rng, again = np.random.default_rng(5), np.random.default_rng(5)
    batch = task.batch(rng, 3, 6, 0.4)
    # windows, then who is hit, then by what: in this order, from the same stream
    starts = again.integers(0, len(task.train_tokens) - 6, size=3)
    windows = task.train_tokens[np.arange(7)[:, None] + starts].astype(np.int64)
    hit = again.random((6, 3)) < 0.4
    expected = np.where(hit, again.integers(0, task.vocab_size, (6, 3)), windows[:-1])
    assert np.array_equal(batch.inputs, expected)
    assert np.array_equal(batch.targets, windows[1:])
    assert rng.random() == again.random()
    assert task.gaps_of([1, 2, 3, 4, 5]) == []


@given(st.integers(0, 200))
def test_gaps_to_look_at_are_never_the_first(count):
    gaps = own().gaps_of([0] * count)
    assert gaps == own().gaps_of(list(range(count)))
    assert gaps == sorted(set(gaps))
    assert all(0 < gap < count for gap in gaps)
    assert bool(gaps) == (count > 1)
    assert len(gaps) == pytest.approx(count / 6, abs=1.5)


def test_a_gap_has_a_sign():
    task = own()
    assert task.input_tokens == task.vocab_size + 1
    assert task.display(task.blank) == "▢"
    assert isinstance(task, TextTask)


# what is shown


def watching(cell="lstm", bidirectional=True, steps=0, layers=1, text=TEXT, level="characters", **view):
    model = ModelConfig(cell, 8, layers, embedding_size=5, bidirectional=bidirectional)
    config = RunConfig(TextConfig("own", level, goal="gaps", text=text), model, SHORT, Knobs(batch_size=8))
    trainer = Trainer(config)
    for _ in range(steps):
        trainer.step()
    return Observer(trainer, View(**view))


def look(observer):
    observer.refresh_outputs()
    return Frame.decode(observer.observe({}).encode())


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_frame_shows_what_is_put_into_the_gaps(cell, bidirectional):
    observer = watching(cell, bidirectional, steps=20, layers=2, probe="the cat sat on")
    meta = look(observer).meta
    task, model = observer.task, observer.model
    assert meta["goal"] == "gaps"
    assert meta["labels"] == [*"the▢cat␣s▢t␣on"]
    inputs = torch.tensor(task.encode("the cat sat on"))[:, None]
    inputs[[3, 9]] = task.blank
    with torch.no_grad():
        chances = torch.softmax(model(inputs)[0][:, 0].double(), -1)
    filled = meta["filled"]
    assert filled["tokens"] == [*"the␣cat␣sat␣on"]
    assert [gap["t"] for gap in filled["gaps"]] == [3, 9]
    assert [gap["true"] for gap in filled["gaps"]] == ["␣", "a"]
    for gap in filled["gaps"]:
        at = chances[gap["t"]]
        assert gap["guess"] == task.display(int(at.argmax()))
        assert gap["p"] == pytest.approx(at.max().item(), abs=1e-6)
        true = task.encode("the cat sat on")[gap["t"]]
        assert gap["p_true"] == pytest.approx(at[true].item(), abs=1e-6)
    assert filled["accuracy"] == np.mean([gap["true"] == gap["guess"] for gap in filled["gaps"]])
    batch = task.validation(8)
    with torch.no_grad():
        guesses = model(batch.inputs)[0].argmax(-1)
    counts = batch.targets != -100
    assert filled["valid_accuracy"] == pytest.approx(
        (guesses == batch.targets)[counts].double().mean().item()
    )
    assert not {"sample", "prompt"} & meta.keys()


@pytest.mark.parametrize(("time", "at"), [(None, 3), (0, 3), (3, 3), (9, 9), (10, 3), (100, 3)])
def test_what_is_likeliest_is_that_of_the_chosen_gap_or_of_the_first(time, at):
    observer = watching(steps=5, probe="the cat sat on", time=time)
    meta = look(observer).meta
    assert meta["next_at"] == at
    gap = next(gap for gap in meta["filled"]["gaps"] if gap["t"] == at)
    assert meta["next"][0] == gap["guess"]
    assert meta["next_p"][0] == pytest.approx(gap["p"])
    assert meta["next_p"] == sorted(meta["next_p"], reverse=True)
    assert len(meta["next"]) == len(meta["next_p"]) == 8


def test_a_probe_of_one_token_has_nothing_to_fill():
    observer = watching(steps=1, probe="t")
    meta = look(observer).meta
    assert meta["filled"]["gaps"] == meta["next"] == meta["next_p"] == []
    assert meta["filled"]["accuracy"] is meta["next_at"] is None
    observer.check()
    assert observer.checked["difference"] <= observer.checked["allowed"]


def test_before_the_outputs_are_made_the_gaps_are_filled_all_the_same():
    meta = watching(steps=1).observe({}).meta
    assert meta["filled"]["gaps"]
    assert meta["filled"]["valid_accuracy"] is None


def test_the_filled_text_grows_better():
    observer = watching(text="abcdefghijklmnopqrstuvwxyz\n" * 20, probe="abcdefghijklmnopqrstuvwxyz")
    observer.record_growth()
    observer.trainer.knobs = replace(observer.trainer.knobs, learning_rate=0.03)
    for _ in range(150):
        observer.trainer.step()
    observer.record_growth()
    meta = look(observer).meta
    (first, before), (last, after) = meta["growth"]
    assert (first, last) == (0, 150)
    assert after == "abcdefghijklmnopqrstuvwxyz" != before
    assert meta["filled"]["accuracy"] == 1
    assert meta["filled"]["valid_accuracy"] > 0.7  # at the edges of its short windows nobody can know
    known = [t for t in range(26) if t not in {gap["t"] for gap in meta["filled"]["gaps"]}]
    assert all(before[t] == after[t] for t in known)


def test_words_are_filled_and_grow_as_words():
    observer = watching(level="words", steps=3, probe="the cat sat on the mat.")
    observer.record_growth()
    meta = look(observer).meta
    assert meta["filled"]["tokens"] == ["the", "cat", "sat", "on", "the", "mat", "."]
    assert meta["labels"] == ["the", "cat", "sat", "▢", "the", "mat", "."]
    assert meta["growth"][0][1].startswith("the cat sat")


def test_under_the_hands_the_gaps_are_filled_anew():
    observer = watching(steps=30, probe="the cat sat on")
    observer.wants = frozenset(["held"])
    meta = look(observer).meta
    assert meta["held"]["filled"] == meta["filled"]
    assert meta["held"]["held_loss"] == meta["held"]["free_loss"]
    observer.hands = Hands(o=0.0)  # the forward direction says nothing
    meta = look(observer).meta
    held = meta["held"]
    assert held["filled"]["gaps"] != meta["filled"]["gaps"]
    assert held["held_loss"] > held["free_loss"] == pytest.approx(observer.trainer.validate())
    assert held["filled"]["tokens"] == meta["filled"]["tokens"]
    assert held["next_at"] == meta["next_at"]
    assert 0 <= held["filled"]["valid_accuracy"] <= 1


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_gradients_of_a_probe_with_gaps_are_checked(cell, bidirectional):
    observer = watching(cell, bidirectional, steps=3, layers=2)
    observer.check()
    assert observer.checked["difference"] <= observer.checked["allowed"]
    assert observer.checked["way"] == ("plain cell" if bidirectional else "by hand")


def test_marks_are_those_of_the_text_without_its_gaps():
    observer = watching(steps=3, probe="the cat sat on")
    observer.find(Question("regex", text="cat|a"))
    assert [t for t, mark in enumerate(observer.found["marks"]) if mark] == [4, 5, 6, 9]
    observer.find(Question("stretch", stretch=(2, 5)))
    assert observer.found["marked"] == 4


def test_gaps_are_learnt_in_both_directions_better_than_in_one():
    losses = []
    for bidirectional in (False, True):
        observer = watching("gru", bidirectional, text="abc cba " * 60)
        observer.trainer.knobs = replace(observer.trainer.knobs, learning_rate=0.02)
        for _ in range(150):
            observer.trainer.step()
        losses.append(observer.trainer.validate())
        assert math.isfinite(losses[-1])
    assert losses[1] < losses[0] / 2
