"""The settings of a race: networks of equal size, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import CELLS, LONGEST_LAG, MEMORY_TASKS, Knobs, MemoryConfig, TrainConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.experiments.race.sizes import EMBEDDING, equal_size, parameters
from lstm_core.tasks import MemoryTask
from tests.lstm_core.races import TINY, config


@given(st.sampled_from(CELLS), st.integers(4, 96), st.sampled_from(MEMORY_TASKS))
def test_no_other_hidden_size_comes_closer_to_the_parameters_of_the_lstm(cell, hidden, kind):
    task = MemoryTask(MemoryConfig(kind), TrainConfig())
    inputs, outputs = task.input_size or EMBEDDING, task.output_size
    wanted = parameters("lstm", hidden, inputs, outputs)

    def off(units):
        return abs(parameters(cell, units, inputs, outputs) - wanted)

    found = equal_size(cell, hidden, MemoryConfig(kind))
    assert off(found) <= min(off(found - 1), off(found + 1))
    assert off(found) < 0.06 * wanted or hidden < 12
    if cell == "lstm":
        assert found == hidden


def test_chrono_is_for_the_span_of_the_lag_and_leaves_the_bare_lstm_alone():
    models = config(chrono=True)
    assert models.model("lstm").chrono == models.model("gru").chrono == TINY.lag + 2
    assert models.model("lstm0").chrono == 0
    assert models.model("lstm0").forget_bias == 0


def test_nobody_is_no_race():
    with pytest.raises(ValueError, match="Nobody takes part"):
        config(lanes=())


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_size", 3), ("hidden_size", 97), ("forget_bias", -1), ("init", "zeros"), ("chrono", 1)],
)
def test_settings_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        RaceConfig(**{name: value})


@pytest.mark.parametrize("lag", [0, LONGEST_LAG + 1, 2.5, "20", None, True])
def test_a_lag_that_no_sequence_holds_is_named(lag):
    with pytest.raises(ValueError, match="lag"):
        Knobs(lag=lag)


def test_a_step_that_would_take_seconds_is_refused():
    with pytest.raises(ValueError, match="A batch size of 128 at a lag of 200 is too much for 4 networks"):
        RaceConfig(MemoryConfig("counting"), hidden_size=96, knobs=Knobs(batch_size=128, lag=200))


def test_only_what_asks_for_new_networks_is_in_their_key():
    one = config()
    assert one.network == replace(one, knobs=Knobs(lag=99)).network
    for other in ({"gru": False}, {"forget_bias": 2.0}, {"chrono": True}, {"train": TrainConfig(seed=1)}):
        assert one.network != replace(one, **other).network
    hash(one.network)
