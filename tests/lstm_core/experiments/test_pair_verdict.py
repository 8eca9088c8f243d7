"""Which side of a pair is ahead: nothing is claimed that the validation losses do not support."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.experiments.pair.pair import Pair
from lstm_core.experiments.pair.verdict import Standing, apart, observation, quantity, standing
from tests.lstm_core.acting import with_setting
from tests.lstm_core.pairs import small


def points(*losses):
    return list(zip((1, 10, 30, 100, 200, 300, 400, 500, 600), losses, strict=False))


def test_nothing_is_claimed_before_there_are_enough_validations():
    left, right = points(4, 3, 2, 2, 2), points(4, 2, 1, 1, 1)
    assert standing(left, right) is None
    assert observation(("A", "B"), None, " nats", False, (1, 1)) == ""


def test_the_lower_loss_leads_and_says_by_how_much():
    now = standing(points(4, 3, 2, 2, 2, 2), points(4, 2.4, 1.6, 1.6, 1.6, 1.6))
    assert now == Standing(300, (2, 1.6), 1, 10, None)
    assert observation(("A", "B"), now, " nats", False, (1, 1)) == (
        "After 300 steps “B” has the lower validation loss: 1.60 nats against 2.00 nats, 20 % less."
    )


def test_who_was_ahead_before_is_told():
    now = standing(points(4, 2, 2, 2, 2, 2, 2, 2, 2), points(4, 3, 3, 3, 1.5, 1.5, 1.5, 1.5, 1.5))
    assert (now.leader, now.since, now.before) == (1, 200, 0)
    said = observation(("A", "B"), now, "", False, (1, 2))
    assert "Before step 200 “A” was ahead." in said
    assert said.endswith("A step of “B” takes 2.0 times as long.")


@pytest.mark.parametrize(
    "right",
    [
        (4, 2.1, 1.9, 2.1, 1.9, 2.1),  # they change places
        (4, 1.999, 1.2, 1.999, 1.999, 1.999),  # once far ahead, else as good as equal
    ],
)
def test_noise_is_no_lead(right):
    now = standing(points(4, 2, 2, 2, 2, 2), points(*right))
    assert now.leader is None
    assert "neither is ahead" in observation(("A", "B"), now, "", False, (1, 1))


def test_equal_losses_are_called_equal():
    now = standing(points(4, 3, 2, 2, 2, 2), points(4, 3, 2, 2, 2, 2))
    assert observation(("A", "B"), now, "", False, (1, 1)) == (
        "After 300 steps both are the same to the last digit: 2.00."
    )


@given(
    st.lists(st.floats(1e-9, 1e6), min_size=9, max_size=9),
    st.lists(st.floats(1e-9, 1e6), min_size=9, max_size=9),
)
def test_the_verdict_is_the_same_when_the_sides_are_exchanged(one, two):
    now, mirrored = standing(points(*one), points(*two)), standing(points(*two), points(*one))
    exchanged = {0: 1, 1: 0, None: None}
    assert (mirrored.leader, mirrored.before) == (exchanged[now.leader], exchanged[now.before])
    assert (mirrored.since, mirrored.losses) == (now.since, now.losses[::-1])
    if now.leader is not None:
        assert now.losses[now.leader] < now.losses[1 - now.leader]
    assert observation(("A", "B"), now, "", False, (1, 1))


def test_a_pair_of_seeds_says_that_it_is_chance():
    pair = Pair(small("train.seed", 1))
    for side, loss in zip(pair.sides, (2.0, 1.6), strict=True):
        for step in (10, 30, 100, 200, 300):
            side.valid_losses.append(step, loss)
    said = pair.observe({}).meta["observation"]
    assert said.startswith(
        "After 300 steps “seed 1” has the lower validation loss: 1.60 nats against 2.00 nats"
    )
    assert said.endswith("Nothing but chance differs.")


def test_losses_of_other_data_are_not_compared():
    now = Standing(300, (0.5, 2.0), 0, 10, None)
    said = apart(("characters", "words"), now, "text", ("character", "word"))
    assert "0.500 nats a character with “characters”, 2.00 nats a word with “words”" in said
    assert "lower" not in said
    said = apart(("Sine", "Chirp"), Standing(300, (1e-4, 0.5), 0, 10, None), "series", ("", ""))
    assert "0.01 % of the variance with “Sine”, 50 % with “Chirp”" in said


def test_both_are_validated_on_windows_of_the_same_length():
    pair = Pair(small("train.sequence_length", 6))
    long, short = pair.sides
    assert short.validate(long.model) == long.validate()


def test_a_knob_that_was_moved_on_the_way_is_mentioned():
    pair = Pair(small("knobs.learning_rate", 0.1))
    for side in pair.sides:
        for step in (10, 30, 100, 200, 300):
            side.valid_losses.append(step, 1.0)
    pair.step()
    assert "was changed" not in pair.observe({}).meta["observation"]
    config = with_setting(pair.config, "knob", "learning_rate", 0.02)
    pair.change(config, "knob", "learning_rate")
    assert "The left side's learning rate was changed at step 1." in pair.observe({}).meta["observation"]


@pytest.mark.parametrize(
    ("value", "said"), [(0.5, "0.500"), (12.34, "12.3"), (123.4, "123"), (0, "0.00"), (3.21e-5, "3.2·10⁻⁵")]
)
def test_quantities_have_three_digits(value, said):
    assert quantity(value) == said
