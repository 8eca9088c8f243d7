"""A run that is saved and brought back: what it is asked meanwhile, what its frames say, and what fails."""

from dataclasses import replace

import pytest

from lstm_core.config import Knobs, ModelConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.frames.frame import Frame
from lstm_core.runtime.run import Run
from lstm_core.storage.checkpoint import Saved, to_bytes
from tests.lstm_core.acting import CONFIG, SERIES, Clock, go, look, make, say, settle
from tests.lstm_core.saving import losses, through_bytes, trained

OTHER = replace(CONFIG, model=ModelConfig("gru", 7, embedding_size=3))


def reopened(run):
    """The run that goes on from there, which has not worked yet; and its clock."""
    saved = through_bytes(run.save())
    clock = Clock()
    return Run(saved.config, clock, saved=saved), clock


def test_a_run_goes_on_at_its_first_turn():
    run, clock = make()
    go(run, clock, 0.3)
    steps, count = run.steps, run.subject.step_count
    other, other_clock = reopened(run)
    assert (other.subject, other.steps, other.playing) == (None, steps, True)
    go(other, other_clock, 0.3)
    assert other.subject.step_count > count
    assert other.steps - steps == other.subject.step_count - count


def test_a_paused_run_stays_paused_and_shows_where_it_was():
    run, clock = make()
    go(run, clock, 0.2)
    say(run, "knob", "learning_rate", 0.02)
    say(run, "pause")
    settle(run)
    other, other_clock = reopened(run)
    frame = look(other, other_clock)
    assert (frame.meta["status"], frame.meta["step"]) == ("paused", run.subject.step_count)
    assert other.config.knobs.learning_rate == 0.02
    say(other, "play")
    go(other, other_clock, 0.1)
    assert other.subject.trainer.learning_rate == 0.02


def test_a_run_without_a_network_yet_comes_back_as_that():
    run = Run(CONFIG, Clock())
    saved = run.save()
    assert saved == Saved(CONFIG, {})
    other, _ = reopened(run)
    assert losses(other.build(), 10) == losses(trained(CONFIG, 0).subject, 10)


def test_a_run_that_has_not_gone_on_yet_is_saved_as_it_was():
    run = trained(CONFIG, 20)
    other, _ = reopened(run)
    assert to_bytes(other.save()) == to_bytes(run.save())
    assert other.subject is None


def test_what_is_asked_before_the_first_turn_is_asked_of_the_networks_that_come_back():
    config = RaceConfig(hidden_size=4, knobs=Knobs(batch_size=2, lag=3))
    run = trained(config, 25)
    other, _ = reopened(run)
    say(other, "knob", "lag", 5)
    say(other, "step")
    say(other, "pause")
    settle(other)
    assert other.subject._since == 25  # a new stage, which began where it was


def test_reset_begins_anew_and_configure_makes_other_networks():
    for change in ({"type": "reset"}, {"type": "configure", "config": OTHER}):
        for turn in (0.0, 0.2):
            other, clock = reopened(trained(CONFIG, 30))
            go(other, clock, turn)
            other.post({"type": "pause"})
            other.post(change)
            settle(other)
            assert other.subject.step_count == 0
            config = change.get("config", CONFIG)
            assert losses(other.subject, 5) == losses(trained(config, 0).subject, 5)


def test_reset_of_a_run_that_branched_off_goes_back_to_where_it_did():
    origin = trained(CONFIG, 60)
    branch = Run(CONFIG, Clock(), branch=origin.branch(40))
    before = branch.save()  # even if it never had a turn
    start = branch.build().step_count
    assert 30 < start <= 40
    expected = losses(branch.subject, 10)
    for saved in (before, branch.save(), replace(branch.save(), snapshots=())):
        clock = Clock()
        other = Run(CONFIG, clock, saved=through_bytes(saved))
        say(other, "pause")
        settle(other)
        say(other, "reset")
        settle(other)
        assert other.subject.step_count == start
        assert other.subject.trainer.timeline.steps[0] == 0
        assert len(other.subject.trainer.losses.points) == start
        assert losses(other.subject, 10) == expected


def test_every_frame_counts_the_networks_that_the_run_was_given():
    run, clock = make()
    assert look(run, clock).meta["generation"] == 0
    for message in ({"type": "reset"}, {"type": "configure", "config": OTHER}):
        run.post(message)
    assert look(run, clock).meta["generation"] == run.generation == 1
    other, clock = reopened(run)
    assert look(other, clock).meta["generation"] == 1
    other.post({"type": "configure", "config": SERIES})
    assert look(other, clock).meta["generation"] == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda: {"state": {"training": {}}},
        lambda: {"state": trained(SERIES, 3).save().state},
        lambda: {"state": {"nothing": None}},
        lambda: {"origin": {"start": 1}},
        lambda: {"origin": Run(SERIES, Clock(), branch=trained(SERIES, 9).branch(5)).save().origin},
    ],
    ids=["no training", "another network", "nothing", "no branch", "another branch"],
)
def test_a_run_that_cannot_be_brought_back_says_so_and_can_be_reset(damage, spy):
    saved = replace(trained(CONFIG, 9).save(), **damage())
    clock = Clock()
    run = Run(CONFIG, clock, saved=saved)
    run.wanted = True
    for _ in range(3):
        run.work(0.02)
    meta = Frame.decode(run.latest).meta
    assert (meta["status"], run.frames) == ("paused", 1)
    assert "stopped" in meta["message"]
    assert run.save().state is saved.state  # so that nothing is lost
    say(run, "reset")
    run.wanted = True
    go(run, clock, 0.2, watched=True)
    assert Frame.decode(run.latest).meta["status"] == "training"
