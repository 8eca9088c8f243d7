"""What may be said of the variants: nothing that the spread over the seeds does not support."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstm_core.experiments.ablation.ranking import SMALLEST, SPREADS, awaits, ranking
from lstm_core.experiments.ablation.variants import COUPLED, NO_F, NO_G, NO_H, NO_I, NO_O, PLAIN, VARIANTS

SPREAD = np.array([-0.01, 0.0, 0.01])  # a standard deviation of 0.01


def table(seeds=SPREAD, plain=1.0, **others):
    """Losses (V, S) around `plain`; others: a variant's name in code → how far it is from there."""
    losses = np.full((len(VARIANTS), len(seeds)), plain) + seeds
    numbers = {"no_i": NO_I, "no_f": NO_F, "no_o": NO_O, "no_g": NO_G, "no_h": NO_H, "coupled": COUPLED}
    for name, difference in others.items():
        losses[numbers[name]] += difference
    return losses


def rank(losses, squared=False, first=None):
    return ranking([losses], losses + 1.0 if first is None else first, squared)


def verdicts(ranked):
    return [result.verdict for result in ranked.results]


def test_differences_beyond_the_spread_are_named_with_their_numbers():
    ranked = rank(table(no_f=0.31, no_h=-0.2, no_o=0.01))
    assert ranked.results[NO_F].verdict == "worse"
    assert ranked.results[NO_H].verdict == "better"
    assert ranked.results[NO_O].verdict == "open"
    assert ranked.observation(800) == (
        "After 800 steps the LSTM without a forget gate is 0.31 nats worse than the plain LSTM (spread over "
        "seeds 0.010). Without output activation it is 0.20 nats better (0.010). With the other 6 the "
        "difference is within the spread."
    )
    assert ranked.order[0] == NO_H
    assert ranked.order[-1] == NO_F
    assert ranked.results[NO_F].difference == pytest.approx(0.31)
    assert ranked.results[NO_F].loss == pytest.approx(1.31)
    assert (ranked.results[NO_F].low, ranked.results[NO_F].high) == pytest.approx((1.30, 1.32))


def test_of_many_the_largest_are_named_and_the_others_counted():
    said = rank(table(no_f=0.5, no_o=0.4, no_i=0.3, no_g=0.2)).observation(2000)
    assert "After 2,000 steps the LSTM without a forget gate is 0.50 nats worse" in said
    assert ", without an output gate 0.40 (0.010); 2 more are worse." in said
    assert "With the other 4 " in said


def test_of_worse_and_better_ones_the_first_are_named_and_it_stays_short():
    losses = np.exp(table(no_f=9.0, no_o=8.0, no_i=7.0, no_h=-2.0, coupled=-1.0, plain=-8.0))
    losses[NO_G] = math.nan
    said = rank(losses, squared=True, first=np.full_like(losses, 1.0)).observation(12_000)
    assert "without a forget gate makes 8,100 times the squared error" in said
    assert "; 2 more are worse. Without output activation it makes 0.14 times that error" in said
    assert "; 1 more is better. With the other 2 " in said
    assert said.endswith("Diverged: without input activation (3 of 3 seeds).")
    assert len(said) < 350  # three lines of a small projector


def test_where_nothing_differs_there_is_no_ranking_yet():
    ranked = rank(table(no_f=0.02))
    assert verdicts(ranked) == ["plain"] + ["open"] * 8
    assert "do not support a ranking yet" in ranked.observation(1)
    assert ranked.observation(1).startswith("After 1 step ")


def test_before_anything_is_learnt_nothing_is_said():
    losses = table(no_f=0.31)
    ranked = rank(losses, first=losses + 0.05)
    assert set(verdicts(ranked)) == {"early"}
    assert ranked.observation(3) == ""


def test_one_variant_that_learns_is_enough_to_compare():
    losses = table(no_f=-1.5, plain=2.0)
    assert rank(losses, first=table(plain=2.0)).results[NO_F].verdict == "better"


def test_seeds_that_overlap_are_not_compared_however_far_the_means_are_apart():
    losses = table()
    losses[NO_F] = 1.0, 2.0, 2.0
    assert rank(losses).results[NO_F].verdict == "open"


def test_a_spread_that_is_small_by_chance_does_not_count():
    losses = table(seeds=0.1 * SPREAD / SPREAD.max())
    losses[PLAIN] = 1.0
    losses[NO_F] = 1.2
    assert rank(losses).results[NO_F].verdict == "open"  # the others' seeds lie 0.1 apart


def test_the_smallest_differences_are_not_worth_a_word():
    assert rank(table(seeds=SPREAD * 1e-6, no_f=SMALLEST / 2)).results[NO_F].verdict == "open"


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_support_nothing(seeds):
    losses = table(seeds=SPREAD[:seeds], no_f=5.0)
    ranked = rank(losses)
    assert verdicts(ranked) == ["plain"] + ["unknown"] * 8
    said = ranked.observation(300)
    assert "choose 3 or more" in said
    assert ("1 seed " in said) == (seeds == 1)
    assert "between 0.99 and 5.99" in said or "between 0.995 and 6" in said


def test_errors_are_compared_by_their_ratio():
    errors = np.exp(table(seeds=10 * SPREAD, plain=-8.0, no_f=math.log(16_000), no_h=math.log(0.4)))
    ranked = rank(errors, squared=True, first=errors * 10)
    assert ranked.results[NO_F].difference == pytest.approx(math.log(16_000))
    assert ranked.results[PLAIN].loss == pytest.approx(math.exp(-8))
    assert ranked.observation(149) == (
        "After 149 steps the LSTM without a forget gate makes 16,000 times the squared error of the plain "
        "LSTM (spread over seeds 1.1 times). Without output activation it makes 0.4 times that error (1.1 "
        "times). With the other 6 the difference is within the spread."
    )


def test_the_latest_validations_are_averaged():
    ranked = ranking([table(no_f=0.2), table(no_f=0.4)], table() + 1, False)
    assert ranked.results[NO_F].difference == pytest.approx(0.3)


# what has diverged


def test_a_variant_that_has_diverged_is_not_compared_and_said_so():
    losses = table(no_f=0.31)
    losses[NO_H, 1] = math.nan
    losses[NO_G] = math.nan
    ranked = rank(losses, first=table() + 1)
    assert ranked.results[NO_H].verdict == ranked.results[NO_G].verdict == "diverged"
    assert ranked.results[NO_H].loss == pytest.approx(1.0)
    assert math.isnan(ranked.results[NO_G].loss)
    assert ranked.order[-1] == NO_G
    said = ranked.observation(100)
    assert "without a forget gate is 0.31 nats worse" in said
    assert said.endswith(
        "Diverged: without input activation (3 of 3 seeds), without output activation (1 of 3 seeds)."
    )
    assert "With the other 5 " in said


def test_without_the_plain_lstm_there_is_nothing_to_compare_with():
    losses = table(no_f=0.31)
    losses[PLAIN, 0] = math.nan
    ranked = rank(losses, first=table() + 1)
    assert set(verdicts(ranked)) == {"diverged", "unknown"}
    said = ranked.observation(100)
    assert said.startswith("The plain LSTM has diverged (1 of 3 seeds): there is nothing to compare with.")
    assert "press Reset" in said


def test_nothing_is_left():
    ranked = rank(np.full((len(VARIANTS), 3), math.nan), first=table())
    assert set(verdicts(ranked)) == {"diverged"}
    assert "3 of 3" in ranked.observation(5)


# of any losses

losses = arrays(
    np.float64,
    st.tuples(st.just(len(VARIANTS)), st.integers(1, 5)),
    elements=st.one_of(st.floats(1e-6, 20.0), st.just(math.nan)),
)


@given(losses, st.booleans())
def test_nothing_is_claimed_that_the_seeds_do_not_support(losses, squared):
    ranked = rank(losses, squared, first=np.full_like(losses, 40.0))
    plain = ranked.results[PLAIN]
    for result in ranked.results:
        if result.verdict in ("worse", "better"):
            assert len(result.losses) >= 3
            assert abs(result.difference) > SPREADS * result.spread
            worse = result.verdict == "worse"
            assert result.low > plain.high if worse else result.high < plain.low
    assert sorted(ranked.order) == list(range(len(VARIANTS)))
    said = ranked.observation(7)
    for number, variant in enumerate(VARIANTS):
        if ranked.results[number].verdict in ("open", "unknown", "early", "plain"):
            assert not re.search(rf"{variant.phrase} (is|it|\d)", said)
    assert "nan" not in said
    assert len(ranked.rows()) == len(VARIANTS)


@given(losses, st.randoms(use_true_random=False))
def test_the_order_of_the_seeds_does_not_matter(losses, random):
    shuffled = losses[:, random.sample(range(losses.shape[1]), losses.shape[1])]
    first = np.full_like(losses, 40.0)
    one, other = rank(losses, first=first), rank(shuffled, first=first)
    assert verdicts(one) == verdicts(other)


def test_networks_that_are_all_alike_are_seldom_called_different():
    rng = np.random.default_rng(0)
    called = 0
    for _ in range(1000):
        alike = rng.normal(1.5, 0.05, (len(VARIANTS), 3))
        called += bool({"worse", "better"} & set(verdicts(rank(alike))))
    assert called < 40


@pytest.mark.parametrize(("squared", "fall"), [(False, "0.1 nats"), (True, "10 %")])
def test_it_is_said_what_a_first_sentence_waits_for(squared, fall):
    assert awaits(squared) == f"as soon as the best validation loss has fallen by {fall}."
