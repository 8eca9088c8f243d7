"""What can be asked of a run that trains: a selection, an earlier network, hands on its gates, questions."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lstm_core import trace
from lstm_core.config import Hands, ModelConfig, TextConfig, TrainConfig
from lstm_core.frames.frame import Frame
from lstm_core.nn.interventions import holds_of
from lstm_core.nn.trace import held_trace
from lstm_core.runtime.run import Run
from lstm_core.training.trainer import Trainer
from tests.lstm_core.acting import CONFIG, SERIES, Clock, go, look, look_again, make, say, settle

LAYERS = replace(CONFIG, model=ModelConfig(hidden_size=6, num_layers=2, embedding_size=3))


def paused(config=CONFIG, seconds=0.5, wants=()):
    """A run that has trained for a while, holds still, and is looked at by somebody who shows `wants`."""
    run, clock = make(config)
    run.wants = frozenset(wants)
    go(run, clock, seconds, watched=True)
    say(run, "pause")
    settle(run)
    return run, clock, look_again(run, clock).meta["live_step"]


# selection


def test_the_selection_is_what_all_panels_are_told():
    run, clock, _ = paused(wants=["unit"])
    for name, value in (("unit", 3), ("time", 2), ("signal", "f")):
        say(run, "view", name, value)
    frame = look(run, clock)
    trainer, observer = run.subject.trainer, run.subject.observer
    selected = frame.meta["selected"]
    assert (selected["unit"], selected["time"], selected["signal"], selected["limit"]) == (3, 2, "f", 1.0)
    assert selected["token"] == frame.meta["labels"][2]
    with torch.no_grad():
        signals = trace(trainer.model.core, trainer.model.embed(observer.scene.probe.inputs))
    for name in "ifgoch":
        exact = getattr(signals, name)[0, :, 0, 3].numpy()
        assert np.array_equal(frame.arrays[f"unit_{name}"], exact)
    assert frame.meta["numbers"]["h"] == pytest.approx(signals.h[0, 2, 0, 3].item(), abs=1e-6)
    assert frame.meta["numbers"]["before"] == frame.meta["labels"][1]


def test_a_selection_outside_is_brought_inside():
    run, clock, _ = paused(wants=["unit"])
    say(run, "view", "unit", 200)
    say(run, "view", "time", 100)
    say(run, "view", "probe", "the cat")
    selected = look(run, clock).meta["selected"]
    assert (selected["unit"], selected["time"], selected["token"]) == (5, 6, "t")
    say(run, "view", "probe", "t")
    frame = look(run, clock)
    assert frame.meta["selected"]["time"] == 0
    assert frame.meta["numbers"]["c_before"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("unit", -1), ("unit", 256), ("unit", 1.5), ("time", 128), ("signal", "x"), ("at", -1), ("at", "now")],
)
def test_a_forged_selection_is_refused(name, value):
    run, _ = make()
    with pytest.raises(ValueError, match=name):
        say(run, "view", name, value)


def test_the_chosen_unit_is_in_the_heatmaps():
    run, clock, _ = paused(replace(CONFIG, model=ModelConfig(hidden_size=40, embedding_size=3)))
    shown = look_again(run, clock).meta["units"]
    hidden = next(unit for unit in range(40) if unit not in shown)
    say(run, "view", "unit", hidden)
    units = look(run, clock).meta["units"]
    assert len(units) == 32
    assert hidden in units
    assert len(set(shown) - set(units)) == 1


# the time machine


@pytest.mark.parametrize("config", [CONFIG, SERIES, LAYERS], ids=["text", "series", "layers"])
def test_an_earlier_network_is_shown_as_it_was(config):
    run, clock, last = paused(config)
    trainer, observer = run.subject.trainer, run.subject.observer
    now = look_again(run, clock)
    for wanted in (0, 10, last):
        say(run, "view", "at", wanted)
        frame = look(run, clock)
        snapshot = trainer.timeline.at(wanted)
        assert (frame.meta["step"], frame.meta["at"], frame.meta["live_step"]) == (
            snapshot.step,
            snapshot.step,
            last,
        )
        earlier = type(trainer.model)(config.model, trainer.model.vocab_size)
        earlier.load_state_dict(snapshot.weights)
        with torch.no_grad():
            signals = trace(earlier.core, earlier.embed(observer.scene.probe.inputs))
        np.testing.assert_allclose(frame.heatmaps["c"], signals.c[0, :, 0].T.numpy(), rtol=5.01e-3)
        assert frame.meta["truth"]["difference"] <= frame.meta["truth"]["allowed"]
        np.testing.assert_array_equal(frame.arrays["loss_step"], now.arrays["loss_step"])  # all of it
        assert frame.arrays["mark_step"].tolist() == [snapshot.step] * 2
        np.testing.assert_allclose(frame.arrays["mark"], [snapshot.loss, snapshot.valid_loss], rtol=1e-6)
    say(run, "view", "at", None)
    again = look(run, clock)
    assert again.meta["at"] is None
    assert np.array_equal(again.heatmaps["c"], now.heatmaps["c"])


def test_step_0_is_the_same_each_time_and_after_a_reset():
    pictures = []
    run, clock, _ = paused()
    for _ in range(2):
        say(run, "view", "at", 0)
        pictures.append(look(run, clock).heatmaps["c"])
        say(run, "view", "at", 20)
        look(run, clock)
    say(run, "reset")
    frame = look(run, clock)
    assert (frame.meta["at"], frame.meta["step"], frame.meta["history"]) == (None, 0, [0])
    pictures.append(frame.heatmaps["c"])
    assert np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])


def test_training_goes_on_while_somebody_looks_back():
    run, clock, last = paused()
    say(run, "view", "at", 5)
    say(run, "play")
    go(run, clock, 1.0, watched=True)
    frame = look(run, clock)
    assert frame.meta["step"] == 5
    assert frame.meta["live_step"] > last
    assert frame.meta["history"][-1] > last


def test_what_is_shown_stays_although_the_timeline_leaves_it_out():
    run, clock, _ = paused()
    step = run.subject.trainer.timeline.steps[7]
    say(run, "view", "at", step)
    look(run, clock)
    timeline = run.subject.trainer.timeline
    timeline.snapshots = tuple(one for one in timeline.snapshots if one.step != step)
    say(run, "view", "unit", 1)
    frame = look(run, clock)
    assert frame.meta["step"] == step not in frame.meta["history"]


def test_a_branch_goes_on_from_there_and_is_looked_at_as_before():
    run, clock, last = paused()
    say(run, "view", "unit", 4)
    say(run, "knob", "learning_rate", 0.004)
    say(run, "hands", "f", 0.5)
    start = run.subject.trainer.timeline.at(20).step
    say(run, "view", "at", 20)
    look(run, clock)
    begun = run.branch(20)
    branch = Run(begun.config, Clock(), begun)
    branch.playing = False
    meta = look_again(branch, branch._clock).meta
    assert (meta["step"], meta["at"], meta["selected"]["unit"]) == (start, None, 4)
    assert [step for step, _ in meta["growth"]] == [0, 10]
    assert meta["hands"]["f"] == 0.5
    branch.playing = True
    go(branch, branch._clock, 1.0)
    meta = look(branch, branch._clock).meta
    assert meta["step"] > start
    assert meta["learning_rate"] == 0.004
    say(branch, "reset")
    say(branch, "pause")
    assert look(branch, branch._clock).meta["step"] == start
    assert run.subject.trainer.step_count == last


def test_before_there_is_a_network_there_is_nothing_to_branch_off_from():
    with pytest.raises(ValueError, match="no network yet"):
        make()[0].branch(0)


@pytest.mark.parametrize("config", [CONFIG, SERIES], ids=["text", "series"])
def test_the_film_has_every_snapshot_and_leaves_the_run_as_it_was(config):
    run, clock, _ = paused(config, seconds=0.3)
    say(run, "view", "at", 10)
    shown = look(run, clock).meta["step"]
    frames = [Frame.decode(frame) for frame in run.film()]
    assert [frame.meta["step"] for frame in frames] == run.subject.trainer.timeline.steps
    assert len({tuple(frame.meta["units"]) for frame in frames}) == 1
    assert look_again(run, clock).meta["step"] == shown
    made = "sample" if config is CONFIG else "closed_rmse"
    assert frames[0].meta[made] != frames[-1].meta[made]
    assert list(make()[0].film()) == []


# hands on the gates


@pytest.mark.parametrize("config", [CONFIG, SERIES], ids=["text", "series"])
def test_under_the_hands_beside_the_untouched(config):
    run, clock, _ = paused(config, wants=["held"])
    free = look_again(run, clock)
    say(run, "hands", "f", 0.0)
    say(run, "hands", "off", [1])
    frame = look(run, clock)
    trainer, observer = run.subject.trainer, run.subject.observer
    holds = holds_of(Hands(f=0.0, off=(1,)), config.model)
    with torch.no_grad():
        signals = held_trace(trainer.model.core, trainer.model.embed(observer.scene.probe.inputs), holds)
    for name in "ifgoch":
        exact = getattr(signals, name)[0, :, 0].T.numpy()
        np.testing.assert_allclose(frame.heatmaps[f"held_{name}"], exact, rtol=5.01e-3)
        assert np.array_equal(frame.heatmaps[name], free.heatmaps[name])
    held = frame.meta["held"]
    assert held["held_loss"] == pytest.approx(trainer.validate(holds=holds))
    assert held["free_loss"] == pytest.approx(trainer.validate())
    if config is CONFIG:
        assert held["free_sample"] == frame.meta["sample"] == free.meta["sample"]
        assert held["sample"] != held["free_sample"]
    else:
        assert not np.array_equal(frame.arrays["held_forecast"], frame.arrays["forecast"])
        assert np.array_equal(frame.arrays["forecast"], free.arrays["forecast"])
    assert frame.meta["hands"]["f"] == 0.0
    assert frame.meta["hands"]["off"] == [1]
    say(run, "release")
    frame = look(run, clock)
    assert frame.meta["held"]["held_loss"] == frame.meta["held"]["free_loss"]
    assert np.array_equal(frame.heatmaps["held_c"], frame.heatmaps["c"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("f", 1.01), ("i", -0.01), ("g", -1.5), ("o", math.nan), ("f", "1"), ("x", 1), ("off", [999])],
)
def test_a_forged_hold_is_refused_and_changes_nothing(name, value):
    run, clock, _ = paused()
    with pytest.raises(ValueError, match=name):
        say(run, "hands", name, value)
    assert look_again(run, clock).meta["hands"] == {**vars(Hands()), "selected": [], "off": []}


def test_training_under_the_hands_only_if_asked_to():
    run, clock, _ = paused(LAYERS)
    trainer = run.subject.trainer
    say(run, "hands", "f", 0.0)
    look(run, clock)
    assert trainer.holds is None
    say(run, "hands", "training", True)
    look(run, clock)
    assert [hold is None for hold in trainer.holds] == [False, True]
    say(run, "view", "layer", 1)
    look(run, clock)
    assert [hold is None for hold in trainer.holds] == [False, True]  # whatever one looks at
    say(run, "release")
    settle(run)
    say(run, "hands", "f", 0.0)
    say(run, "hands", "training", True)
    look(run, clock)
    assert [hold is None for hold in trainer.holds] == [True, False]  # laid on what is shown
    say(run, "reset")
    look(run, clock)
    assert run.subject.trainer.holds is not None
    say(run, "release")
    look(run, clock)
    assert run.subject.trainer.holds is None


def test_parts_that_nobody_shows_are_not_made():
    run, clock, _ = paused()
    frame = look_again(run, clock)
    assert not any(name.startswith("held") for name in frame.heatmaps)
    assert not {"held", "survey", "numbers"} & set(frame.meta)
    run.wants = frozenset(["held", "survey", "unit"])
    frame = look(run, clock)  # although nothing else has changed
    assert "held_c" in frame.heatmaps
    assert frame.meta["numbers"]["unit"] == frame.meta["selected"]["unit"]
    assert frame.meta["survey"]["unit"] == frame.meta["selected"]["unit"]
    assert frame.meta["held"]["free_sample"] == frame.meta["sample"]
    assert len(frame.arrays["survey_edges"]) == len(frame.arrays["survey_counts"]) + 1


def test_the_survey_follows_the_selection_at_once():
    run, clock, _ = paused(wants=["survey"])
    for unit, signal in ((2, "c"), (5, "o")):
        say(run, "view", "unit", unit)
        say(run, "view", "signal", signal)
        told = look(run, clock).meta["survey"]
        assert (told["unit"], told["signal"]) == (unit, signal)


# questions


def test_a_question_is_answered_once_and_stays():
    run, clock, last = paused()
    assert look_again(run, clock).meta["found"] is None
    run.post({"type": "find", "kind": "regex", "text": "a"})
    found = look(run, clock).meta["found"]
    assert found["error"] == ""
    assert found["step"] == last
    assert found["units"][0]["auc"] >= found["units"][-1]["auc"] >= 0.5
    say(run, "step")
    settle(run)
    assert look_again(run, clock).meta["found"] == found
    say(run, "reset")
    assert look(run, clock).meta["found"] is None


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "nonsense"},
        {"kind": "regex", "text": "a" * 5000},
        {"kind": "regex", "text": 7},
        {"kind": "above", "value": math.inf},
        {"kind": "stretch", "stretch": "12"},
        {"kind": "stretch", "stretch": [1]},
        {"kind": ["regex"]},
    ],
)
def test_a_forged_question_is_refused(message):
    run, _ = make()
    with pytest.raises(ValueError):  # noqa: PT011  which field is wrong differs
        run.post({"type": "find", **message})


@pytest.mark.parametrize("config", [CONFIG, SERIES, LAYERS], ids=["text", "series", "layers"])
def test_the_gradient_check_on_request(config):
    run, clock, last = paused(config)
    losses = list(run.subject.trainer.losses.points)
    say(run, "check")
    check = look(run, clock).meta["check"]
    assert check["step"] == last
    assert check["difference"] <= check["allowed"]
    say(run, "view", "probe", "t")
    say(run, "check")
    assert look(run, clock).meta["check"]["difference"] <= check["allowed"]
    assert run.subject.trainer.losses.points == losses


def test_rows_and_colours_hold_still_while_nothing_is_learnt():
    run, clock, _ = paused(replace(CONFIG, model=ModelConfig(hidden_size=80, embedding_size=3)), seconds=1.0)
    shown = {tuple(look_again(run, clock).meta["units"]) for _ in range(20)}
    assert len(shown) == 1
    limits = []
    for at in (0, 20, 3, 0, 3, 20):
        say(run, "view", "at", at)
        limits.append(look(run, clock).meta["c_limit"])
    assert limits[0] == limits[3]
    assert limits[1] == limits[5]
    assert limits[2] == limits[4]


def test_questions_leave_time_for_training():
    run, clock = make()
    go(run, clock, 0.5, watched=True)
    before = run.steps
    for _ in range(40):
        run.post({"type": "find", "kind": "regex", "text": "a"})
        say(run, "check")
        run.work(0.02)
    assert run.steps > before + 20


def test_rows_are_those_of_the_layer_and_the_first_survey_that_of_the_unit():
    config = replace(CONFIG, model=ModelConfig(hidden_size=80, num_layers=2, embedding_size=3))
    run, clock, _ = paused(config, seconds=0.5, wants=["survey"])
    say(run, "view", "layer", 1)
    frame = look(run, clock)
    trainer, observer = run.subject.trainer, run.subject.observer
    with torch.no_grad():
        signals = trace(trainer.model.core, trainer.model.embed(observer.scene.probe.inputs))
    active = np.argsort(-signals.c[1, :, 0].numpy().std(axis=0))[:32]
    assert set(frame.meta["units"]) == set(active.tolist())
    assert frame.meta["survey"]["unit"] == frame.meta["selected"]["unit"] == active[0]


def test_what_stands_still_is_of_the_step_that_is_shown():
    run, clock, last = paused(wants=["survey"])
    for steps in (1, 2):
        say(run, "step")
        settle(run)
        assert look_again(run, clock).meta["survey"]["step"] == last + steps


def test_marks_of_an_answer_go_with_the_probe():
    run, clock, _ = paused(SERIES)
    run.post({"type": "find", "kind": "rising"})
    assert any(look(run, clock).meta["found"]["marks"])
    say(run, "view", "probe_start", 0.5)
    assert look(run, clock).meta["found"]["marks"] is None
    clock.now += 10
    run.post({"type": "find", "kind": "stretch", "stretch": [2, 5]})
    assert look(run, clock).meta["found"]["marked"] == 4
    say(run, "view", "probe_start", 0.1)
    assert look(run, clock).meta["found"] is None


def test_a_question_is_not_asked_of_the_network_after_a_reset():
    run, clock, _ = paused()
    run.post({"type": "find", "kind": "regex", "text": "a"})
    say(run, "reset")
    assert look(run, clock).meta["found"] is None


def test_the_past_that_a_diverged_run_has_lost_is_no_longer_shown():
    run, clock, last = paused()
    say(run, "view", "at", last)
    shown = look(run, clock).meta["at"]
    trainer = run.subject.trainer
    assert trainer.timeline.keep == shown
    trainer.restore(Trainer(CONFIG).checkpoint())
    with torch.no_grad():
        trainer.model.head.weight.fill_(math.nan)
    say(run, "step")
    settle(run)
    meta = look_again(run, clock).meta
    assert meta["status"] == "diverged"
    assert (meta["at"], meta["step"]) == (None, 0)


def test_a_step_under_the_hands_may_not_take_too_long_either():
    large = replace(
        CONFIG, model=ModelConfig(hidden_size=256, num_layers=3), train=TrainConfig(sequence_length=256)
    )
    large = replace(large, knobs=replace(large.knobs, batch_size=16))
    run = Run(replace(large, task=TextConfig()))
    with pytest.raises(ValueError, match="Training under the hands"):
        say(run, "hands", "training", True)
    say(run, "knob", "batch_size", 2)
    run.config = replace(run.config, knobs=replace(run.config.knobs, batch_size=2))
    say(run, "hands", "training", True)
    run.config = replace(run.config, hands=replace(run.config.hands, training=True))
    with pytest.raises(ValueError, match="Training under the hands"):
        say(run, "knob", "batch_size", 16)


@pytest.mark.parametrize("message", [{"type": "view", "name": "unit"}, {"type": "hands", "name": "f"}])
def test_a_setting_without_a_value_leaves_it_open(message):
    run, clock, _ = paused()
    run.post(message)
    look(run, clock)
