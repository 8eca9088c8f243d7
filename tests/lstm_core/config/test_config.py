"""The configs: what is accepted, what is refused, and what the message says."""

import math
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import (
    CELLS,
    GATES,
    HELD,
    MEMORY,
    SIGNALS,
    Hands,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
    layer_work,
    memory_length,
)
from lstm_core.config.fields import limits
from lstm_core.nn.model import SequenceModel

CONFIGS = [ModelConfig, TrainConfig, Knobs, TextConfig, SeriesConfig, MemoryConfig, View, Hands]
RANGED = [(config, spec.name) for config in CONFIGS for spec in fields(config) if "low" in spec.metadata]
CHOSEN = [(config, spec.name) for config in CONFIGS for spec in fields(config) if "choices" in spec.metadata]
FLAGS = [(config, spec.name) for config in CONFIGS for spec in fields(config) if "flag" in spec.metadata]
WHOLE = [pair for pair in RANGED if isinstance(limits(*pair)["low"], int)]
REAL = [pair for pair in RANGED if pair not in WHOLE]


def refused(config, name, value):
    """The message with which `value` is refused."""
    with pytest.raises(ValueError, match=name) as caught:
        config(**{name: value})
    return str(caught.value)


@pytest.mark.parametrize("config", CONFIGS)
def test_defaults_are_allowed_and_cannot_be_changed(config):
    built = config()
    with pytest.raises(FrozenInstanceError):
        setattr(built, fields(config)[0].name, 1)
    assert built == config()
    assert hash(built) == hash(config())


@given(st.data())
def test_whatever_lies_in_the_range_is_accepted(data):
    config, name = data.draw(st.sampled_from(RANGED))
    low, high = limits(config, name)["low"], limits(config, name)["high"]
    values = st.integers(low, high) if (config, name) in WHOLE else st.floats(low, high)
    value = data.draw(values)
    assert getattr(config(**{name: value}), name) == value


@given(st.data())
def test_whatever_lies_outside_is_refused(data):
    config, name = data.draw(st.sampled_from(RANGED))
    low, high = limits(config, name)["low"], limits(config, name)["high"]
    outside = st.integers(max_value=math.ceil(low) - 1) | st.integers(min_value=math.floor(high) + 1)
    if (config, name) in REAL:
        outside |= st.floats(max_value=low, exclude_max=True) | st.floats(min_value=high, exclude_min=True)
    value = data.draw(outside)
    assert repr(value) in refused(config, name, value)


@pytest.mark.parametrize(("config", "name"), RANGED)
@pytest.mark.parametrize(
    "value", [True, False, math.nan, math.inf, -math.inf, -(10**9), 10**10, "1", b"1", [1], 1j]
)
def test_no_ranged_field_takes_what_is_not_a_number_in_range(config, name, value):
    assert repr(value) in refused(config, name, value)


@pytest.mark.parametrize(("config", "name"), WHOLE)
def test_whole_numbers_are_not_fractions(config, name):
    assert "a whole number" in refused(config, name, float(limits(config, name)["low"]))
    if limits(config, name)["default"] is not None:
        refused(config, name, None)


@pytest.mark.parametrize(("config", "name"), REAL)
def test_whole_numbers_will_do_where_fractions_are_wanted(config, name):
    value = int(limits(config, name)["high"])
    assert getattr(config(**{name: value}), name) == value


def test_what_may_be_left_open_is_left_open_by_default():
    for config, name in RANGED:
        if limits(config, name)["default"] is None:
            assert getattr(config(**{name: None}), name) is None
        else:
            refused(config, name, None)


@pytest.mark.parametrize(("config", "name"), [(Knobs, "batch_size"), (Knobs, "clip"), (View, "seed")])
def test_an_enormous_whole_number_is_refused_like_any_other(config, name):
    refused(config, name, 10**400)


@pytest.mark.parametrize(
    ("config", "name", "value", "said"),
    [
        (ModelConfig, "hidden_size", 3, "hidden_size is 3; it must be a whole number from 4 to 256."),
        (Knobs, "learning_rate", 2.5, "learning_rate is 2.5; it must be a number from 1e-05 to 1."),
        (TrainConfig, "sequence_length", "64", "sequence_length is '64'; it must be a whole number from 4"),
        (View, "temperature", math.nan, "temperature is nan; it must be a number from 0.05 to 2."),
    ],
)
def test_the_message_names_field_value_and_range(config, name, value, said):
    assert said in refused(config, name, value)


@pytest.mark.parametrize(("config", "name"), CHOSEN)
def test_choices(config, name):
    choices = limits(config, name)["choices"]
    for choice in choices:
        assert getattr(config(**{name: choice}), name) == choice
    word = next(choice for choice in choices if choice)
    for wrong in {None, 0, True, "", word.swapcase()} - set(choices):
        message = refused(config, name, wrong)
        assert all(str(choice) in message for choice in choices)
    for wrong in ([word], choices):
        refused(config, name, wrong)


@pytest.mark.parametrize(("config", "name"), FLAGS)
@pytest.mark.parametrize("value", [1, 0, "true", None, [True]])
def test_flags_are_yes_or_no(config, name, value):
    assert getattr(config(), name) is False
    assert getattr(config(**{name: True}), name) is True
    assert "true or false" in refused(config, name, value)


@pytest.mark.parametrize(("config", "name"), RANGED + CHOSEN + FLAGS)
def test_limits_say_what_the_pages_need(config, name):
    said = limits(config, name)
    assert said["default"] == getattr(config(), name)
    assert said["about"].endswith(".")
    assert ("choices" in said) + ("low" in said) + ("flag" in said) == 1
    if said["default"] is not None and "low" in said:
        assert said["low"] <= said["default"] <= said["high"]


def test_a_changed_copy_is_checked_too():
    assert replace(Knobs(), batch_size=8).batch_size == 8
    with pytest.raises(ValueError, match="batch_size"):
        replace(Knobs(), batch_size=0)


def test_a_run_knows_its_kind_and_equal_configs_are_equal():
    assert RunConfig().kind == "text"
    assert RunConfig(task=SeriesConfig()).kind == "series"
    assert RunConfig(task=MemoryConfig()).kind == "memory"
    assert RunConfig() == RunConfig(TextConfig(), ModelConfig(), TrainConfig(), Knobs(), View())
    assert RunConfig() != RunConfig(train=TrainConfig(seed=1))


def test_long_data_stay_out_of_the_printed_config():
    assert "secret" not in repr(TextConfig("own", text="secret"))
    assert "12345" not in repr(SeriesConfig("own", values=(12345.0,)))


def test_a_step_that_would_keep_everybody_waiting_is_refused():
    largest = ModelConfig(hidden_size=256, num_layers=3), TrainConfig(sequence_length=256)
    RunConfig(TextConfig(), *largest, Knobs(batch_size=16))
    with pytest.raises(ValueError, match=r"batch size of 128 is too much .* A batch size of \d+ fits"):
        RunConfig(TextConfig(), *largest, Knobs(batch_size=128))


@pytest.mark.parametrize("task", [TextConfig(), SeriesConfig(), MemoryConfig()])
def test_what_has_to_be_predicted_is_not_read_from_behind(task):
    with pytest.raises(ValueError, match="let it fill gaps in a text"):
        RunConfig(task, ModelConfig(bidirectional=True))
    RunConfig(TextConfig(goal="gaps"), ModelConfig(bidirectional=True))
    with pytest.raises(ValueError, match="reach is 5"):
        RunConfig(TextConfig(goal="gaps"), ModelConfig(bidirectional=True), knobs=Knobs(reach=5))


@pytest.mark.parametrize(("kind", "length"), [("recall", 22), ("adding", 22), ("counting", 42)])
def test_a_lag_makes_the_length_of_a_memory_task(kind, length):
    assert memory_length(kind, 20) == length
    assert RunConfig(MemoryConfig(kind), knobs=Knobs(lag=20)).length == length
    assert RunConfig(train=TrainConfig(sequence_length=33)).length == 33


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_work_of_a_step_is_what_its_weights_multiply(cell, bidirectional):
    config = ModelConfig(cell, 12, 3, 5, bidirectional=bidirectional)
    model = SequenceModel(config, 9)
    weights = sum(weight.numel() for name, weight in model.core.named_parameters() if "weight" in name)
    assert layer_work(config) == weights


def test_every_cell_has_signals_and_a_memory_among_them():
    for cell in CELLS:
        assert MEMORY[cell] in SIGNALS[cell]
        assert SIGNALS[cell][-1] == "h"
        for gate in set(SIGNALS[cell]) - {"c", "h"}:
            assert gate in HELD
            assert View(signal=gate).signal == gate
    assert {
        cell: "".join(name for name in names if name in HELD) or "h" for cell, names in SIGNALS.items()
    } == GATES


# hands on the gates


@pytest.mark.parametrize("name", ["selected", "off"])
@pytest.mark.parametrize("value", [7, "7", [-1], [256], [1.5], [True], [None], list(range(257)), {"1": 2}])
def test_units_are_a_list_of_units(name, value):
    assert name in refused(Hands, name, value)


def test_units_are_kept_once_and_in_order():
    assert Hands(selected=[5, 2, 5]).selected == (2, 5)


@pytest.mark.parametrize(
    ("hands", "idle"),
    [
        (Hands(), True),
        (Hands(f=0.0), False),
        (Hands(g=0.5, scope="selected"), True),
        (Hands(g=0.5, scope="selected", selected=(1,)), False),
        (Hands(off=(0,)), False),
        (Hands(selected=(1, 2), training=True), True),
    ],
)
def test_hands_are_idle_when_they_hold_nothing(hands, idle):
    assert hands.idle is idle
