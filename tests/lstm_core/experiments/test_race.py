"""The race: one lockstep, who is right when, what its frames show."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from lstm_core.config import LONGEST_LAG, MEMORY_TASKS, MemoryConfig, TrainConfig
from lstm_core.experiments.race.config import LANES, QUESTIONS, RaceConfig, exam_about
from lstm_core.experiments.race.gradient_flow import Flow, flow
from lstm_core.experiments.race.lane import fallen, score
from lstm_core.experiments.race.race import EXAM_EVERY, Race
from lstm_core.experiments.race.sizes import EMBEDDING, parameters
from lstm_core.experiments.race.verdict import PATIENCE
from lstm_core.frames.frame import Frame
from lstm_core.runtime.run import Run
from lstm_core.tasks import MemoryTask
from lstm_core.training.trainer import Trainer
from tests.lstm_core.races import TINY, config


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


@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_the_networks_have_the_parameters_that_were_counted(kind):
    race = Race(config(kind, hidden_size=9))
    task = race.task
    embedding = EMBEDDING * (task.vocab_size or 0)
    for lane in race.lanes.values():
        counted = parameters(
            lane.cell,
            lane.trainer.config.model.hidden_size,
            task.input_size or EMBEDDING,
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
    monkeypatch.setattr(
        "lstm_core.experiments.race.race.score",
        lambda task, model, batch: asked.append(batch) or score(task, model, batch),
    )
    steps(race, EXAM_EVERY)
    sizes = {batch.inputs.shape[1] for batch in asked}
    assert sizes == {int(re.search(r"\d+", exam_about(kind))[0])}


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


def test_until_something_is_said_it_is_said_when_it_will_be():
    race = Race(config())
    assert f"after {PATIENCE} steps at lag 6 (step {PATIENCE})" in race.observe({}).meta["awaits"]
    steps(race, 30)
    change(race, lag=9)
    assert f"after {PATIENCE} steps at lag 9 (step {PATIENCE + 30})" in race.observe({}).meta["awaits"]


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
