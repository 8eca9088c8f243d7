"""The race: equal sizes, one lockstep, who is right when, and sentences that say what was seen."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import CELLS, LONGEST_LAG, MEMORY_TASKS, Knobs, MemoryConfig, TrainConfig
from lstm_core.experiments.race import race as module
from lstm_core.experiments.race.config import LANES, QUESTIONS, RaceConfig
from lstm_core.experiments.race.gradient_flow import Flow, flow
from lstm_core.experiments.race.lane import fallen
from lstm_core.experiments.race.race import EXAM_EVERY, Race
from lstm_core.experiments.race.sizes import equal_size, parameters
from lstm_core.experiments.race.verdict import PATIENCE, Result, Stage, observation
from lstm_core.frames.frame import Frame
from lstm_core.runtime.run import Run
from lstm_core.tasks import MemoryTask
from lstm_core.training.trainer import Trainer

TINY = Knobs(learning_rate=5e-3, batch_size=4, lag=6)


def config(kind="recall", lanes=LANES, knobs=TINY, **settings):
    absent = {lane: False for lane in LANES if lane not in lanes}
    return RaceConfig(MemoryConfig(kind), knobs=knobs, **({"hidden_size": 5} | absent | settings))


def change(race, **knobs):
    """The knobs as a run changes them; which parts are to be made anew."""
    parts = []
    for name, value in knobs.items():
        changed = replace(race.config, knobs=replace(race.config.knobs, **{name: value}))
        parts += race.change(changed, "knob", name)
    return parts


def steps(race, count):
    for _ in range(count):
        race.step()


def spoil(lane):
    with torch.no_grad():
        lane.trainer.model.head.weight.fill_(math.nan)


# what a race is of


@given(st.sampled_from(CELLS), st.integers(4, 96), st.sampled_from(MEMORY_TASKS))
def test_no_other_hidden_size_comes_closer_to_the_parameters_of_the_lstm(cell, hidden, kind):
    task = MemoryTask(MemoryConfig(kind), TrainConfig())
    inputs, outputs = task.input_size or module.EMBEDDING, task.output_size
    wanted = parameters("lstm", hidden, inputs, outputs)

    def off(units):
        return abs(parameters(cell, units, inputs, outputs) - wanted)

    found = equal_size(cell, hidden, MemoryConfig(kind))
    assert off(found) <= min(off(found - 1), off(found + 1))
    assert off(found) < 0.06 * wanted or hidden < 12
    if cell == "lstm":
        assert found == hidden


@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_the_networks_have_the_parameters_that_were_counted(kind):
    race = Race(config(kind, hidden_size=9))
    task = race.task
    embedding = module.EMBEDDING * (task.vocab_size or 0)
    for lane in race.lanes.values():
        counted = parameters(
            lane.cell,
            lane.trainer.config.model.hidden_size,
            task.input_size or module.EMBEDDING,
            task.output_size,
        )
        assert lane.facts("")["parameters"] == counted + embedding


def test_the_second_lstm_differs_in_its_initial_forget_bias_alone():
    race = Race(config(forget_bias=3.0))
    one, other = (dict(race.lanes[lane].trainer.model.named_parameters()) for lane in ("lstm", "lstm0"))
    different = [name for name, weight in one.items() if not torch.equal(weight, other[name])]
    assert different == ["core.bias_ih_l0"]
    for weights, bias in ((one, 3.0), (other, 0.0)):
        i, f, g, o = weights["core.bias_ih_l0"].chunk(4)
        assert (f == bias).all()
        assert all(torch.equal(mine, theirs) for mine, theirs in zip((i, g, o), _gates(other), strict=True))


def _gates(weights):
    i, _, g, o = weights["core.bias_ih_l0"].chunk(4)
    return i, g, o


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


# lockstep


@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_every_lane_trains_as_it_would_alone(kind):
    race = Race(config(kind))
    alone = {lane: Trainer(race.config.run(lane)) for lane in race.lanes}
    for number in range(2 * EXAM_EVERY + 3):
        race.step()
        if number % 7 == 0:  # looking at it changes nothing
            race.refresh("flow")
            race.refresh("lags")
            race.observe({})
        for lane, trainer in alone.items():
            trainer.step()
            assert race.lanes[lane].trainer.loss == trainer.loss
    assert {lane.trainer.step_count for lane in race.lanes.values()} == {race.step_count}


def test_all_lanes_read_the_same_sequences():
    race = Race(config())
    steps(race, 30)
    states = [lane.trainer.rng.bit_generator.state for lane in race.lanes.values()]
    assert all(state == states[0] for state in states)


def test_looking_changes_no_accuracy():
    watched, alone = Race(config("adding")), Race(config("adding"))
    for _ in range(3 * EXAM_EVERY):
        watched.step()
        watched.refresh("lags")
        alone.step()
    for lane in LANES:
        mine, other = (race.lanes[lane].accuracies.points for race in (watched, alone))
        assert mine == other
        assert [step for step, _ in mine] == [0, 20, 40, 60]


def test_another_lag_acts_at_the_next_step_of_every_lane():
    race = Race(config())
    steps(race, 5)
    seen = []
    for lane in race.lanes.values():
        batch = lane.trainer.task.batch
        lane.trainer.task.batch = lambda *args, batch=batch: seen.append(args[2]) or batch(*args)
    assert change(race, lag=11) == ["flow"]
    race.step()
    assert seen == [11] * len(LANES)
    race.refresh("flow")
    assert {len(lane.flow.h) for lane in race.lanes.values()} == {11 + 2}


def test_another_lag_is_a_new_stage():
    race = Race(config(lanes=["lstm"], hidden_size=16, knobs=replace(TINY, lag=1, batch_size=32)))
    lane = race.lanes["lstm"]
    while lane.reached is None:
        race.step()
        assert race.step_count < 2000
    assert lane.reached % EXAM_EVERY == 0
    assert 0 < lane.reached_seconds <= lane.seconds
    before = race.step_count
    change(race, lag=60)
    assert (lane.reached, lane.reached_seconds, lane.lost) == (None, None, None)
    assert math.isnan(lane.fell)
    race.refresh("flow")
    assert not math.isnan(lane.fell)
    meta = race.observe({}).meta
    assert (meta["since"], meta["lag"], meta["lag_changed"]) == (before, 60, True)


@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_accuracy_is_that_on_as_many_sequences_as_is_said(kind, monkeypatch):
    race, asked = Race(config(kind)), []
    score = race.task.score
    monkeypatch.setattr(race.task, "score", lambda model, batch: asked.append(batch) or score(model, batch))
    steps(race, EXAM_EVERY)
    sizes = {batch.inputs.shape[1] for batch in asked}
    assert sizes == {int(re.search(r"\d+", module.exam_about(kind))[0])}


def test_recall_is_asked_all_sequences_that_there_are():
    task = MemoryTask(MemoryConfig("recall"), TrainConfig())
    asked = {tuple(one) for one in task.exam(np.random.default_rng(0), 6).inputs.T.tolist()}
    assert {tuple(one) for one in task.batch(np.random.default_rng(1), 500, 6).inputs.T.tolist()} == asked


def test_right_in_95_percent_holds_only_as_long_as_it_is():
    lane = Race(config(lanes=["lstm"])).lanes["lstm"]
    for step, accuracy in ((20, 0.97), (40, 1.0), (60, 0.19), (80, 0.5)):
        lane.examine(step, accuracy)
        held = (20, None) if step < 60 else (None, 60)
        facts = lane.facts("lstm")
        assert (facts["reached"], facts["lost"]) == held
    lane.examine(100, 1.0)
    assert (lane.reached, lane.lost) == (100, None)


def test_a_lag_that_is_dragged_is_one_change_from_where_it_stood():
    race = Race(config())
    steps(race, 2 * EXAM_EVERY)
    for lag in (7, 8, 9):
        change(race, lag=lag)
        steps(race, 2)
    meta = race.observe({}).meta
    assert meta["since"] == race.step_count - 2
    again = Race(race.config)
    again.load(race.state())
    steps(again, PATIENCE)
    assert f"(the lag was changed from 6 at step {meta['since']})" in again.observe({}).meta["observation"]


def test_saves_without_what_was_lost_and_before_are_read():
    race = Race(config())
    state = race.state()
    del state["before"]
    for lane in state["lanes"].values():
        del lane["lost"], lane["start"]
    Race(race.config).load(state)


@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_a_lane_that_diverges_stands_still_and_says_so_while_the_others_go_on(kind):
    race = Race(config(kind))
    steps(race, 3)
    spoil(race.lanes["gru"])
    steps(race, EXAM_EVERY)
    assert race.diverged is None
    assert race.step_count == 3 + EXAM_EVERY
    facts = {lane["key"]: lane for lane in race.observe({}).meta["lanes"]}
    assert facts["gru"]["stopped"] == "GRU diverged at step 4 and stands still."
    assert race.lanes["gru"].trainer.step_count < race.step_count
    for lane in ("rnn", "lstm", "lstm0"):
        assert not facts[lane]["stopped"]
        assert race.lanes[lane].trainer.step_count == race.step_count
    race.refresh("flow")
    race.refresh("lags")
    race.observe({}).encode()


def test_when_all_have_diverged_the_race_is_over_until_they_try_again():
    race = Race(config())
    steps(race, 3)
    for lane in race.lanes.values():
        spoil(lane)
    race.step()
    assert race.step_count == 3
    assert "All networks diverged" in race.diverged
    race.observe({}).encode()
    race.step()  # from the last good weights
    assert race.diverged is None
    assert race.step_count == 4


@pytest.mark.parametrize(
    "message",
    [
        {"type": "knob", "name": "lag", "value": LONGEST_LAG + 1},
        {"type": "knob", "name": "lag", "value": "far"},
        {"type": "knob", "name": "reach", "value": 0},
        {"type": "knob", "name": "lanes", "value": []},
        {"type": "view", "name": "layer", "value": 0},
        {"type": "hands", "name": "f", "value": 0.0},
        {"type": "find", "kind": "text", "text": "a"},
        {"type": "check"},
        {"type": "release"},
    ],
)
def test_a_forged_message_is_refused_and_changes_nothing(message):
    run = Run(config())
    with pytest.raises(ValueError, match=r"\w"):
        run.post(message)
    run.post({"type": "step"})
    run.work(10)
    assert run.subject.step_count == 1
    assert run.config == config()


def test_two_settings_that_together_take_too_long_do_not_both_arrive():
    run = Run(config("counting", hidden_size=96))
    run.post({"type": "knob", "name": "batch_size", "value": 128})
    with pytest.raises(ValueError, match="too much"):
        Run(replace(run.config, knobs=replace(TINY, batch_size=128))).post(
            {"type": "knob", "name": "lag", "value": 200}
        )


def test_a_run_takes_over_lag_and_truncation_at_once():
    run = Run(config())
    for name, value in (("lag", 9), ("reach", 4)):
        run.post({"type": "knob", "name": name, "value": value})
    run.post({"type": "step"})
    run.wanted = True
    while not run.frames:
        run.work(0.02)
    frame = Frame.decode(run.latest)
    assert (frame.meta["lag"], frame.meta["reach"]) == (9, 4)
    assert len(frame.arrays["gru_h"]) == 11
    assert np.isfinite(frame.arrays["gru_h"]).sum() == 4


# what is measured


def test_the_gradient_is_the_one_of_the_network_that_trains():
    race = Race(config())
    steps(race, 10)
    race.refresh("flow")
    batch = race.task.exam(np.random.default_rng(0), TINY.lag)
    for lane in race.lanes.values():
        np.testing.assert_array_equal(lane.flow.h, flow(lane.trainer.model, batch).h)


def test_truncation_ends_the_gradient_and_not_what_it_was_at_first():
    race = Race(config(knobs=replace(TINY, reach=3)))
    for lane in race.lanes.values():
        assert (lane.flow.h > 0).sum() == 3
        assert math.isfinite(lane.fell)
    assert change(race, reach=5) == ["flow"]
    race.refresh("flow")
    frame = Frame.decode(race.observe({}).encode())
    assert np.isfinite(frame.arrays["rnn_h"]).sum() == 5
    assert frame.meta["reach"] == 5


def test_how_far_a_gradient_falls():
    assert fallen(None) != fallen(None)  # not a number
    assert fallen(Flow(np.array([1e-3, 1.0]), None, None)) == pytest.approx(3)
    assert fallen(Flow(np.array([1.0, 1.0]), np.array([1e-2, 1.0]), None)) == pytest.approx(2)
    assert fallen(Flow(np.array([0.0, 1.0]), None, None)) == math.inf
    assert math.isnan(fallen(Flow(np.array([0.0, 0.0]), None, None)))


@pytest.mark.parametrize("kind", MEMORY_TASKS)
@pytest.mark.parametrize("lag", [1, 6, 70])
def test_a_frame_has_all_lines_of_all_lanes(kind, lag):
    race = Race(config(kind, knobs=replace(TINY, lag=lag)))
    steps(race, EXAM_EVERY)
    for part in race.parts:
        race.refresh(part)
    frame = Frame.decode(race.observe({"status": "training"}).encode())
    meta = frame.meta
    assert meta["question"] == QUESTIONS[kind]
    assert (meta["experiment"], meta["kind"], meta["step"], meta["lag"]) == ("race", "race", EXAM_EVERY, lag)
    assert meta["learning_rate"] == TINY.learning_rate
    assert meta["loss"] == pytest.approx(np.mean([lane["loss"] for lane in meta["lanes"]]))
    assert [lane["key"] for lane in meta["lanes"]] == list(LANES)
    for lane in LANES:
        lines = {
            name.removeprefix(f"{lane}_"): line
            for name, line in frame.arrays.items()
            if name.startswith(f"{lane}_")
        }
        assert len(lines["h"]) == len(meta["labels"]) == (2 * lag + 1 if kind == "counting" else lag + 2)
        assert ("c" in lines) == lane.startswith("lstm")
        assert ("straight" in lines) == (lane != "rnn")
        assert lines["step"].tolist() == [0, EXAM_EVERY]
        assert len(lines["accuracy"]) == len(lines["seconds"]) == 2
        assert lag in lines["lags"]
        assert len(lines["lags"]) == len(lines["by_lag"])
        assert max(lines["lags"]) <= LONGEST_LAG
        assert ((lines["by_lag"] >= 0) & (lines["by_lag"] <= 1)).all()


def test_the_lags_are_measured_for_all_at_once_and_then_for_one_after_the_other():
    race = Race(config())
    race.refresh("lags")
    lags = [lane.lags for lane in race.lanes.values()]
    assert lags == [[1, 2, 5, 6, 10]] * len(LANES)
    marks = [lane.by_lag for lane in race.lanes.values()]
    for _ in LANES:
        race.refresh("lags")
    assert all(lane.by_lag is not mark for lane, mark in zip(race.lanes.values(), marks, strict=True))
    change(race, lag=60)
    race.refresh("lags")
    assert all(60 in lane.lags for lane in race.lanes.values())


def test_every_task_asks_a_question():
    assert set(QUESTIONS) == set(MEMORY_TASKS)


# what the README promises of the page as it opens


def test_one_lstm_remembers_over_50_steps_and_the_other_guesses():
    race = Race(RaceConfig(rnn=False, gru=False))
    lstm, bare = race.lanes["lstm"], race.lanes["lstm0"]
    while lstm.accuracy < 0.75:
        race.step()
        assert race.step_count < 300
    assert bare.accuracy <= 0.25


@pytest.mark.parametrize("seed", range(4))
def test_with_orthogonal_weights_far_more_of_the_gradient_of_an_rnn_arrives(seed):
    alone = RaceConfig(gru=False, lstm=False, lstm0=False, train=TrainConfig(seed=seed))
    uniform, orthogonal = (
        Race(replace(alone, init=init)).lanes["rnn"].fell for init in ("uniform", "orthogonal")
    )
    assert orthogonal < uniform - 3  # powers of ten


# what is said of it


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


def test_until_something_is_said_it_is_said_when_it_will_be():
    race = Race(config())
    assert f"after {PATIENCE} steps at lag 6 (step {PATIENCE})" in race.observe({}).meta["awaits"]
    steps(race, 30)
    change(race, lag=9)
    assert f"after {PATIENCE} steps at lag 9 (step {PATIENCE + 30})" in race.observe({}).meta["awaits"]


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


def test_the_race_itself_says_what_happened():
    race = Race(config(lanes=["lstm"], hidden_size=16, knobs=replace(TINY, lag=1, batch_size=32)))
    assert race.observe({}).meta["observation"] == ""
    while race.lanes["lstm"].reached is None:
        race.step()
        assert race.step_count < 2000
    reached = race.lanes["lstm"].reached
    assert f"LSTM since step {reached}" in race.observe({}).meta["observation"]
    change(race, reach=1)
    assert "learnt it before that" in race.observe({}).meta["observation"]
