"""Run when the network diverges or a step fails, and how it recovers."""

import math

import pytest
import torch

from lstm_core.frames.frame import Frame
from tests.lstm_core.acting import Spy, go, look, make, say, settle

pytestmark = pytest.mark.usefixtures("spy")


# divergence


def diverge(run, clock, after):
    """Take so many steps, spoil a weight, and play on."""
    say(run, "pause")
    for _ in range(after):
        say(run, "step")
    settle(run)
    with torch.no_grad():
        Spy.made[-1].model.head.bias[0] = math.inf
    say(run, "play")
    go(run, clock, 0.01)


def test_divergence_stops_playing_until_play_is_pressed():
    run, clock = make()
    diverge(run, clock, after=5)
    assert not run.playing
    frame = look(run, clock)
    assert run.status == frame.meta["status"] == "diverged"
    assert "diverged at step 6" in frame.meta["message"]
    assert frame.meta["step"] == 0
    steps = run.steps
    go(run, clock, 5, watched=True)
    assert run.steps == steps

    say(run, "knob", "learning_rate", 0.001)
    assert look(run, clock).meta["status"] == "diverged", "a knob alone does not start it"
    say(run, "play")
    go(run, clock, 0.1)
    frame = look(run, clock)
    assert run.status == frame.meta["status"] == "training"
    assert frame.meta["message"] == ""
    assert frame.meta["learning_rate"] == 0.001
    assert frame.meta["step"] > 5


def test_divergence_drops_the_steps_that_were_asked_for():
    run, clock = make()
    diverge(run, clock, after=2)
    with torch.no_grad():
        Spy.made[-1].model.head.bias[0] = math.nan
    before = run.steps
    for _ in range(5):
        say(run, "step")
    settle(run)
    assert run.steps == before
    assert run.status == "diverged"
    say(run, "step")
    settle(run)
    assert run.status == "paused"


def test_reset_after_divergence_starts_over():
    run, clock = make()
    diverge(run, clock, after=5)
    say(run, "reset")
    assert look(run, clock).meta["status"] == "paused"
    say(run, "play")
    go(run, clock, 0.1)
    assert Spy.runs[1][:5] == Spy.runs[0][:5]


def test_growth_after_divergence_names_every_step_once():
    run, clock = make()
    diverge(run, clock, after=50)
    say(run, "pause")
    for _ in range(50):
        say(run, "step")
    settle(run)
    steps = [step for step, _ in look(run, clock).meta["growth"]]
    assert steps == [0, 10, 30]


# failures


def fail(run, clock):
    Spy.fail = RuntimeError("out of beans")
    go(run, clock, 0.2)


def test_a_failure_is_told_and_reset_recovers():
    run, clock = make()
    go(run, clock, 0.1, watched=True)
    fail(run, clock)
    meta = Frame.decode(run.latest).meta
    assert meta["status"] == run.status == "paused"
    assert "RuntimeError: out of beans" in meta["message"]
    assert "Reset" in meta["message"]

    Spy.fail = None
    say(run, "reset")
    go(run, clock, 0.1)
    frame = look(run, clock)
    assert frame.meta["status"] == "training"
    assert frame.meta["message"] == ""
    first, second = Spy.runs
    assert second[:5] == first[:5]


def test_a_failing_run_does_not_raise_and_has_nothing_more_to_do():
    run, _ = make()
    Spy.fail = MemoryError()
    assert run.work(0.02) is None
    assert not run.playing
    assert "MemoryError" in Frame.decode(run.latest).meta["message"]


def test_the_message_of_a_failure_stays():
    run, clock = make()
    go(run, clock, 0.1)
    fail(run, clock)
    go(run, clock, 2, watched=True)
    assert "out of beans" in Frame.decode(run.latest).meta["message"]


def test_a_network_that_cannot_be_built_is_told_of_once(monkeypatch):
    def no_memory(config):
        raise MemoryError

    monkeypatch.setattr("lstm_core.experiments.network.Trainer", no_memory)
    run, clock = make()
    assert go(run, clock, 1, watched=True) == 1


def test_a_run_that_recovered_and_was_paused_stays_paused_when_reset():
    run, clock = make()
    fail(run, clock)
    Spy.fail = None
    say(run, "play")
    go(run, clock, 0.1)
    say(run, "pause")
    say(run, "reset")
    run.work(0.02)
    assert not run.playing
