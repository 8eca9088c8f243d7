"""Run, under a clock that the tests wind: messages, pausing, stepping, knobs."""

import math

import pytest

from lstm_core.config import ModelConfig, RunConfig
from tests.lstm_core.acting import CONFIG, SERIES, Spy, go, look, look_again, make, say, settle

pytestmark = pytest.mark.usefixtures("spy")


# messages


BAD = [
    ({}, "unknown message type"),
    ({"type": None}, "unknown message type"),
    ({"type": "dance"}, "'dance'"),
    ({"type": ["play"]}, "unknown message type"),
    ({"type": {"play": 1}}, "unknown message type"),
    ({"type": "knob"}, "there is no knob None"),
    ({"type": "knob", "name": "hidden_size", "value": 8}, "'hidden_size'.*learning_rate"),
    ({"type": "knob", "name": ["clip"], "value": 1.0}, "there is no knob"),
    ({"type": "knob", "name": "__class__", "value": 1.0}, "there is no knob"),
    ({"type": "knob", "name": "temperature", "value": 1.0}, "there is no knob"),
    ({"type": "knob", "name": "learning_rate"}, "learning_rate is None"),
    ({"type": "knob", "name": "learning_rate", "value": 2.0}, "learning_rate is 2.0.*from 1e-05 to 1"),
    ({"type": "knob", "name": "learning_rate", "value": "0.1"}, "learning_rate is '0.1'"),
    ({"type": "knob", "name": "learning_rate", "value": math.nan}, "learning_rate is nan"),
    ({"type": "knob", "name": "batch_size", "value": 2.5}, "batch_size is 2.5.*whole"),
    ({"type": "knob", "name": "batch_size", "value": True}, "batch_size is True"),
    ({"type": "knob", "name": "batch_size", "value": 10**9}, "from 1 to 128"),
    ({"type": "view", "name": "clip", "value": 1.0}, "there is no view 'clip'"),
    ({"type": "view", "name": "units", "value": "some"}, "active, all"),
    ({"type": "view", "name": "layer", "value": 6}, "from 0 to 5"),
    ({"type": "view", "name": "layer", "value": [0]}, r"layer is \[0\]"),
    ({"type": "view", "name": "probe", "value": 5}, "probe is int; it must be text"),
    ({"type": "view", "name": "prompt", "value": ["a"]}, "prompt is list"),
    ({"type": "configure"}, "needs the config"),
    ({"type": "configure", "config": {"task": "text"}}, "needs the config"),
]


@pytest.mark.parametrize(("message", "said"), BAD)
def test_a_bad_message_is_refused(message, said):
    with pytest.raises(ValueError, match=said):
        make()[0].post(message)


def test_bad_messages_change_nothing():
    run, clock = make()
    say(run, "pause")
    before = look(run, clock)
    for message, _ in BAD:
        with pytest.raises(ValueError):  # noqa: PT011
            run.post(message)
    run.wanted = True
    assert run.work(0.02) is None, "there is nothing new to show"
    after = look_again(run, clock)
    assert after.meta | {"made": 0} == before.meta | {"made": 0}


def test_an_over_long_probe_or_prompt_is_cut():
    run, clock = make()
    say(run, "pause")
    say(run, "view", "probe", "the cat " * 10_000)
    say(run, "view", "prompt", "the cat " * 10_000)
    meta = look(run, clock).meta
    assert len(meta["labels"]) == 128
    assert "".join(meta["labels"]).startswith("the␣cat␣the")
    assert meta["prompt"].endswith("the cat ")


def test_a_probe_can_be_taken_back():
    run, clock = make()
    say(run, "pause")
    first = look(run, clock).meta
    for value, expected in (("cat", ["c", "a", "t"]), ("", first["labels"]), (None, first["labels"])):
        say(run, "view", "probe", value)
        assert look(run, clock).meta["labels"] == expected


# pause, step, reset


def test_a_run_trains_until_it_is_paused():
    run, clock = make()
    go(run, clock, 0.2)
    assert run.steps > 10
    assert run.status == "training"
    say(run, "pause")
    assert run.work(0.02) is None
    before = run.steps
    go(run, clock, 10)
    assert run.steps == before
    assert run.status == look(run, clock).meta["status"] == "paused"
    say(run, "play")
    go(run, clock, 0.1)
    assert run.steps > before
    assert run.status == "training"


@pytest.mark.parametrize("playing", [True, False])
@pytest.mark.parametrize("count", [1, 7])
def test_steps_are_counted_out_exactly(playing, count):
    run, clock = make()
    go(run, clock, 0.05)
    say(run, "play" if playing else "pause")
    run.work(0.0)
    before = run.steps
    for _ in range(count):
        say(run, "step")
    frame = look(run, clock)
    assert frame.meta["step"] == before + count, "one frame shows all of them"
    go(run, clock, 5, watched=True)
    assert run.steps == before + count
    assert run.status == frame.meta["status"] == "paused"
    assert frame.meta["loss"] == Spy.runs[0][-1]


def test_single_steps_do_not_wait_for_the_speed():
    run, clock = make(steps_per_second=0.1)
    for _ in range(3):
        say(run, "step")
    start = clock.now
    settle(run)
    assert run.steps == 3
    assert clock.now - start < 1


def test_pausing_drops_the_steps_that_were_still_to_come():
    run, _ = make()
    for kind in ("step", "step", "pause"):
        say(run, kind)
    settle(run)
    assert run.steps == 0


@pytest.mark.parametrize("playing", [True, False])
def test_reset_starts_over_with_the_same_losses_and_keeps_the_knobs(playing):
    run, clock = make()
    say(run, "knob", "learning_rate", 0.003)
    say(run, "view", "temperature", 0.3)
    say(run, "view", "probe", "cat")
    go(run, clock, 0.2, watched=True)
    if not playing:
        say(run, "pause")
    say(run, "reset")
    run.work(0.0)
    assert run.playing == playing
    say(run, "pause")
    meta = look(run, clock).meta
    assert meta["labels"] == ["c", "a", "t"]
    if not playing:
        assert (meta["step"], meta["loss"]) == (0, None)
        assert [step for step, _ in meta["growth"]] == [0]
    say(run, "play")
    go(run, clock, 0.1)
    first, second = Spy.runs
    assert len(second) > 3
    assert second[: len(first)] == first[: len(second)]
    assert Spy.made[1].learning_rate == 0.003
    assert run.steps == len(first) + len(second)


@pytest.mark.parametrize("playing", [True, False])
def test_configure_builds_another_network(playing):
    run, clock = make()
    say(run, "knob", "learning_rate", 0.003)
    go(run, clock, 0.1)
    if not playing:
        say(run, "pause")
    say(run, "view", "layer", 1)
    bigger = RunConfig(CONFIG.task, ModelConfig(hidden_size=10, num_layers=2), CONFIG.train)
    run.post({"type": "configure", "config": bigger})
    say(run, "step")
    frame = look(run, clock)
    assert (frame.meta["hidden_size"], frame.meta["num_layers"], frame.meta["layer"]) == (10, 2, 1)
    assert frame.meta["step"] == 1
    assert frame.meta["learning_rate"] == 0.003
    assert run.config.network == bigger.network
    say(run, "reset")
    assert look(run, clock).meta["hidden_size"] == 10


def test_a_run_can_turn_from_a_text_to_a_series_and_back():
    run, clock = make()
    for config in (SERIES, CONFIG, SERIES):
        run.post({"type": "configure", "config": config})
        go(run, clock, 0.1, watched=True)
        frame = look(run, clock)
        assert frame.meta["kind"] == config.kind
        assert ("forecast" in frame.arrays) == (config.kind == "series")
        assert ("sample" in frame.meta) == (config.kind == "text")


# knobs


def test_a_knob_acts_at_the_very_next_step():
    run, clock = make()
    say(run, "pause")
    for rate in (0.5, 0.25, 1e-4):
        say(run, "step")
        say(run, "knob", "learning_rate", rate)
        assert look(run, clock).meta["learning_rate"] == rate
    say(run, "knob", "batch_size", 9)
    assert look(run, clock).meta["tokens_per_step"] == 9 * 6


def test_knobs_and_views_show_at_once_while_paused():
    run, clock = make()
    go(run, clock, 0.1)
    say(run, "pause")
    before = look(run, clock)
    run.wanted = True
    assert run.work(0.02) is None, "nothing changed, so there is nothing to show"
    assert run.frames == 1

    say(run, "view", "temperature", 2.0)
    warmer = look(run, clock)
    assert warmer.meta["sample"] != before.meta["sample"]
    say(run, "view", "probe", "mat")
    assert look(run, clock).meta["labels"] == ["m", "a", "t"]
    say(run, "knob", "batch_size", 4)
    assert look(run, clock).meta["tokens_per_step"] == 4 * 6
    assert run.frames == 4
    assert look_again(run, clock).meta["step"] == before.meta["step"]
