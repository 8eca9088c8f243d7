"""What is said of a race: sentences that say what was seen, and no more."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import LONGEST_LAG
from lstm_core.experiments.race.config import LANES
from lstm_core.experiments.race.verdict import PATIENCE, Result, Stage, observation


def said(results, steps=1000, **stage):
    begun = stage.get("begun", 0)
    return observation(
        results, Stage(**{"lag": 50, "chance": 0.125, "step": begun + steps, "needed": 52} | stage)
    )


TEXTBOOK = [Result("RNN", 0.13, fell=13.4, falls=9.2), Result("LSTM", 1.0, 240, fell=-0.3, falls=0.8)]


def test_nothing_is_said_before_there_is_something_to_say():
    waiting = [Result("RNN", 0.13, fell=13.0), Result("LSTM", 0.5, fell=0.0)]
    assert said(waiting, steps=PATIENCE - 1) == ""
    assert said([], steps=5000) == ""


def test_whoever_has_learnt_is_named_at_once_and_the_verdict_waits():
    early, late = said(TEXTBOOK, steps=260), said(TEXTBOOK)
    assert early.startswith("Right in 95 % at lag 50: LSTM since step 240.")
    assert "13 % (RNN); guessing gives 13 %" in early
    assert "whose gradient arrived" not in early
    assert "The networks that learnt are those whose gradient arrived at first." in late


def test_a_gradient_is_told_as_it_was_and_as_the_chart_shows_it():
    assert "at step 0 → now: 13 → 9 (RNN) and 0 → 1 (LSTM)" in said(TEXTBOOK)
    assert "at step 700 → now: " in said(TEXTBOOK, begun=700, before=20)


def test_the_fastest_comes_first():
    both = [Result("GRU", 1.0, 900, fell=1.0), Result("LSTM", 1.0, 100, fell=0.0)]
    assert "LSTM since step 100 and GRU since step 900." in said(both, steps=901)


def test_after_another_lag_it_is_said_what_was_changed_and_when():
    results = [Result("RNN", 0.13), Result("LSTM", 1.0, 5220)]
    text = said(results, steps=11, lag=31, begun=5209, before=50)
    assert text.startswith(
        "Right in 95 % at lag 31 (the lag was changed from 50 at step 5,209): LSTM since step 5,220."
    )
    assert "after 11 steps" not in text.split("The others")[0]
    assert "changed" not in said(results, steps=6000)
    none = said(results[:1], lag=31, begun=5209, before=50)
    assert "at lag 31 (the lag was changed from 50 at step 5,209) none is right" in none


def test_what_was_learnt_and_lost_again_is_said_to_be_lost():
    text = said([Result("LSTM", 0.19, None, 400, fell=0.0)])
    assert text.startswith("At lag 50 no longer right in 95 %: LSTM at step 400 (19 % now).")
    assert "since step" not in text
    both = said([Result("GRU", 1.0, 600), Result("LSTM", 0.19, None, 400)])
    assert "GRU since step 600. No longer right in 95 %: LSTM at step 400 (19 % now)." in both


def test_a_gradient_that_arrives_and_does_not_help_is_not_passed_over():
    text = said([Result("RNN", 0.13, fell=1.2), Result("LSTM", 1.0, 240, fell=0.0)])
    assert "A gradient that arrives is not all: RNN is little better than guessing." in text
    assert "whose gradient arrived" not in text


def test_a_network_that_is_on_its_way_is_not_said_not_to_learn():
    text = said([Result("GRU", 1.0, 240, fell=0.0), Result("LSTM", 0.88, fell=0.0)])
    assert "88 % (LSTM)" in text
    assert "little better than guessing" not in text
    assert "whose gradient arrived" not in text


def test_learning_without_a_gradient_that_arrives_is_not_passed_over():
    text = said([Result("RNN", 1.0, 80, fell=13.0), Result("LSTM", 0.2, fell=0.5)])
    assert "RNN learnt although less than a thousandth of the gradient arrived at first." in text
    assert "LSTM is little better than guessing" in text


def test_when_nobody_has_learnt_it_says_so():
    text = said([Result("RNN", 0.13, fell=9.0, falls=8.0), Result("GRU", 0.25, fell=math.inf, falls=2.0)])
    assert text.startswith("After 1,000 steps at lag 50 none is right in 95 %: 13 % (RNN) and 25 % (GRU);")
    assert "∞ → 2 (GRU)" in text


def test_a_cut_gradient_is_said_to_be_cut():
    text = said([Result("LSTM", 0.13, fell=0.0)], reach=10)
    assert "cut off after 10 steps; to bridge the lag it would need 52" in text
    assert "Powers of ten" not in text
    before = said([Result("LSTM", 1.0, 240, fell=0.0, before=True)], reach=1)
    assert "after 1 step;" in before
    assert "LSTM learnt it before that" in before
    assert "can be read out without a gradient" in said([Result("LSTM", 1.0, 240, fell=0.0)], reach=10)
    assert "cut off" not in said(TEXTBOOK, reach=52)


def test_what_climbs_under_a_cut_gradient_is_not_passed_over():
    text = said([Result("RNN", 0.63, start=0.13), Result("GRU", 0.13, start=0.13)], reach=16)
    assert "RNN rose from 13 % to 63 % all the same" in text
    assert "GRU rose" not in text
    assert "rose" not in said([Result("RNN", 0.63, start=0.63)], reach=16)  # it was there before the cut


names = st.sampled_from(list(LANES.values()))
powers = st.one_of(st.floats(-5, 300), st.just(math.inf), st.just(math.nan))
counts = st.one_of(st.none(), st.integers(0, 10**6))
shares = st.floats(0, 1)
results = st.builds(Result, names, shares, counts, counts, shares, powers, powers, st.booleans())
stages = st.builds(
    Stage,
    lag=st.integers(1, LONGEST_LAG),
    chance=st.floats(0.001, 1),
    step=st.integers(10**6, 2 * 10**6),
    needed=st.integers(2, 2 * LONGEST_LAG + 1),
    begun=st.integers(0, 10**6),
    before=st.one_of(st.none(), st.integers(1, LONGEST_LAG)),
    reach=st.one_of(st.none(), st.integers(1, 256)),
)


@given(st.lists(results, max_size=4), stages)
def test_whatever_happens_it_is_a_sentence_of_plain_words(results, stage):
    text = observation(results, stage)
    assert "nan" not in text
    assert "None" not in text
    assert text == "" or text.endswith((".", "?"))
    assert len(text) < 600
