"""Run's speed, and when its frames are made."""

import pytest

from lstm_core.frames.frame import Frame
from lstm_core.runtime.frame_schedule import FRAME_INTERVAL
from tests.lstm_core.acting import CONFIG, SERIES, Spy, go, look, make, say, settle

pytestmark = pytest.mark.usefixtures("spy")


# speed


@pytest.mark.parametrize(("rate", "seconds"), [(1.0, 8), (50.0, 2), (0.5, 10)])
@pytest.mark.parametrize("watched", [True, False])
def test_the_speed_is_the_one_asked_for(rate, seconds, watched):
    run, clock = make(steps_per_second=rate)
    go(run, clock, seconds, watched)
    assert run.steps == pytest.approx(rate * seconds, abs=2)


@pytest.mark.parametrize("rate", [1.0, 50.0])
def test_no_burst_makes_up_for_a_pause(rate):
    run, clock = make(steps_per_second=rate)
    go(run, clock, 2)
    say(run, "pause")
    settle(run)
    clock.now += 600
    before = run.steps
    say(run, "play")
    go(run, clock, 2)
    assert run.steps - before == pytest.approx(2 * rate, abs=2)


def test_no_burst_makes_up_for_a_time_without_turns():
    run, clock = make(steps_per_second=50.0)
    go(run, clock, 1)
    clock.now += 600
    before = run.steps
    go(run, clock, 1)
    assert run.steps - before == pytest.approx(50, abs=2)


def test_a_new_speed_does_not_wait_for_the_old_one():
    run, clock = make(steps_per_second=0.1)
    go(run, clock, 1)
    assert run.steps == 1
    say(run, "knob", "steps_per_second", 50.0)
    go(run, clock, 1)
    assert run.steps == pytest.approx(51, abs=2)
    say(run, "knob", "steps_per_second", 0.1)
    run.work(0.0)
    say(run, "knob", "steps_per_second", None)
    before = run.steps
    go(run, clock, 0.1)
    assert run.steps - before > 10


def test_the_speed_is_shown():
    run, clock = make(steps_per_second=20.0)
    go(run, clock, 3, watched=True)
    assert look(run, clock).meta["steps_per_second"] == pytest.approx(20, rel=0.1)
    say(run, "pause")
    assert look(run, clock).meta["steps_per_second"] == 0


# frames


def test_no_frame_is_made_that_nobody_wants():
    run, clock = make()
    assert go(run, clock, 1) == 0
    assert run.latest is None


def test_one_wish_gives_one_frame():
    run, clock = make()
    run.wanted = True
    go(run, clock, 1)
    assert run.frames == 1
    assert not run.wanted


def test_frames_do_not_come_faster_than_they_may():
    run, clock = make()
    frames = go(run, clock, 3, watched=True)
    assert 10 < frames <= 3 / FRAME_INTERVAL[0] + 1
    assert run.steps > 5 * frames, "most of the time goes into training"


def test_a_frame_comes_before_the_slice_is_over():
    run, clock = make()
    go(run, clock, 0.1)
    run.wanted = True
    clock.now += 1
    start = clock.now
    run.work(100.0)
    assert run.frames == 1
    assert clock.now - start < 1


def test_a_slow_frame_is_followed_by_training(monkeypatch):
    run, clock = make(steps_per_second=20.0)
    go(run, clock, 0.1, watched=True)
    encode = Frame.encode

    def slowly(frame):
        clock.now += 0.1
        return encode(frame)

    monkeypatch.setattr(Frame, "encode", slowly)
    # at 0.1 s a frame a twentieth of the time would be one every two seconds, but one a second is promised
    assert 17 <= go(run, clock, 20, watched=True) <= 20


def test_growth_is_kept_at_its_steps():
    run, clock = make()
    say(run, "pause")
    for _ in range(105):
        say(run, "step")
    settle(run)
    growth = look(run, clock).meta["growth"]
    assert [step for step, _ in growth] == [0, 10, 30, 100]


@pytest.mark.parametrize("config", [CONFIG, SERIES], ids=["text", "series"])
def test_being_watched_changes_no_loss(config):
    quiet, clock = make(config)
    go(quiet, clock, 0.3)
    watched, clock = make(config)
    for number in range(6):
        say(watched, "view", "seed", number)
        say(watched, "view", "units", "all" if number % 2 else "active")
        say(watched, "view", "temperature", 0.1 + number / 10)
        go(watched, clock, 0.1, watched=True)
    assert watched.frames > 5
    alone, seen = Spy.runs
    common = min(len(alone), len(seen))
    assert common > 50
    assert alone[:common] == seen[:common]
