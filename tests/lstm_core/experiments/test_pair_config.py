"""Two runs that differ in exactly one setting: what may be compared, and what is refused."""

from dataclasses import replace

import pytest

from lstm_core.config import (
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.experiments.pair.differences import DIFFERENCES, differences_for
from tests.lstm_core.acting import with_setting
from tests.lstm_core.pairs import KNOBS, MODEL, SERIES, TEXT, TRAIN, config_for, small


def test_the_sides_differ_in_nothing_but_the_setting():
    config = small("model.hidden_size", 12)
    assert config.left == RunConfig(TEXT, MODEL, TRAIN, KNOBS)
    assert config.right == replace(config.left, model=replace(MODEL, hidden_size=12))
    assert config.names == ("8 units", "12 units")


def test_the_data_may_differ_within_a_kind():
    assert small("task", TextConfig("brackets", "words")).right.task == TextConfig("brackets", "words")
    assert small("task", SeriesConfig("square"), task=SERIES).names == ("Sine", "Square wave")
    with pytest.raises(ValueError, match="one side learns a text and the other one a series"):
        small("task", SERIES)


def test_a_memory_task_is_for_the_race():
    with pytest.raises(ValueError, match="race"):
        small(task=MemoryConfig())


@pytest.mark.parametrize(
    ("differs", "value", "said"),
    [
        ("model.cell", "lstm", "Both sides have the same cell, LSTM"),
        ("model.hidden_size", 8, "the same hidden units, 8 units"),
        ("task", TEXT, "the same data, Counting"),
        ("model.hidden_size", 10_000, "hidden_size is 10000"),
        ("model.cell", "transformer", "cell is 'transformer'"),
        ("view.layer", 1, "differs is 'view.layer'"),
        ("model.bidirectional", True, "both sides"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(differs, value, said):
    with pytest.raises(ValueError, match=said):
        small(differs, value)


def test_two_networks_that_take_too_long_together_are_refused():
    large = {"model": ModelConfig(hidden_size=256), "train": TrainConfig(sequence_length=256)}
    knobs = Knobs(batch_size=60)
    assert RunConfig(TEXT, large["model"], large["train"], knobs).step_work < 6e9
    with pytest.raises(ValueError, match="these two networks together"):
        small(**large, knobs=knobs)


def test_step_work_is_that_of_both():
    config = small("model.hidden_size", 12)
    assert config.step_work == config.left.step_work + config.right.step_work


def test_live_settings_are_those_of_both_sides_but_for_the_knob_in_which_they_differ():
    config = with_setting(small("knobs.learning_rate", 0.1), "knob", "learning_rate", 0.02)
    config = with_setting(config, "knob", "batch_size", 7)
    config = with_setting(config, "view", "temperature", 1.5)
    assert [side.knobs.learning_rate for side in config.sides] == [0.02, 0.1]
    assert [side.knobs.batch_size for side in config.sides] == [7, 7]
    assert [side.view.temperature for side in config.sides] == [1.5, 1.5]
    assert config.network == small("knobs.learning_rate", 0.1).network


def test_a_knob_may_be_dragged_past_the_other_sides_value():
    config = with_setting(small("knobs.batch_size", 5), "knob", "batch_size", 5)
    assert config.left == config.right


def test_nobody_looks_at_the_past_of_a_pair():
    assert small(view=View(at=3)).left.view.at is None


@pytest.mark.parametrize("differs", DIFFERENCES)
def test_every_difference_has_two_different_names_and_a_question(differs):
    config = config_for(differs)
    assert config.names[0] != config.names[1]
    assert all(config.names)
    assert DIFFERENCES[differs].question.endswith("?")


def test_what_makes_no_difference_is_not_offered():
    assert "model.forget_bias" in differences_for(TEXT, MODEL)
    assert "model.forget_bias" not in differences_for(TEXT, ModelConfig(cell="gru"))
    assert "model.forget_bias" not in differences_for(TEXT, ModelConfig(chrono=9))
    assert "model.chrono" not in differences_for(TEXT, ModelConfig(cell="rnn"))
    assert "model.bidirectional" not in differences_for(TEXT, MODEL)
    gaps = replace(TEXT, goal="gaps")
    assert "model.bidirectional" in differences_for(gaps, MODEL)
    both = ModelConfig(bidirectional=True)
    assert not {"task.goal", "knobs.reach"} & set(differences_for(gaps, both))
    assert {"task.period", "task"} <= set(differences_for(SERIES, MODEL))
    assert not {"task.period", "task.level"} & set(differences_for(SeriesConfig("sunspots"), MODEL))
