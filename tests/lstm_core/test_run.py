"""Run, under a clock that the tests wind: messages, pausing, stepping, speed, frames, failures."""

import logging
import math

import pytest
import torch

from lstm_core.config import Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.frame import Frame
from lstm_core.run import FRAME_INTERVAL, Run
from lstm_core.trainer import Trainer

CONFIG = RunConfig(
    TextConfig("own", text="the cat sat on the mat. " * 20),
    ModelConfig(hidden_size=6, embedding_size=3),
    TrainConfig(sequence_length=6),
    Knobs(batch_size=2),
)
SERIES = RunConfig(SeriesConfig(), CONFIG.model, CONFIG.train, CONFIG.knobs)


class Clock:
    """Stands still but for four thousandths of a second at every look."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        self.now += 0.004
        return self.now


class Spy(Trainer):
    """A trainer whose losses and networks can be looked at afterwards."""

    runs: list  # one list for each network that was built
    made: list
    fail = None

    def __init__(self, config):
        super().__init__(config)
        self.runs.append([])
        self.made.append(self)

    def step(self):
        if Spy.fail:
            raise Spy.fail
        value = super().step()
        self.runs[-1].append(value)
        return value


@pytest.fixture(autouse=True)
def spy(monkeypatch):
    monkeypatch.setattr(Spy, "runs", [], raising=False)
    monkeypatch.setattr(Spy, "made", [], raising=False)
    monkeypatch.setattr(Spy, "fail", None)
    monkeypatch.setattr("lstm_core.run.Trainer", Spy)
    logging.getLogger("lstm_core.run").disabled = True
    yield Spy
    logging.getLogger("lstm_core.run").disabled = False


def make(config=CONFIG, **knobs):
    clock = Clock()
    if knobs:
        config = RunConfig(config.task, config.model, config.train, Knobs(batch_size=2, **knobs), config.view)
    return Run(config, clock), clock


def go(run, clock, seconds, watched=False):
    """Call `work` for so long as a host would; how many frames there were."""
    end, frames = clock.now + seconds, run.frames
    while clock.now < end:
        run.wanted = run.wanted or watched
        delay = run.work(0.02)
        clock.now += 0.01 if delay is None else min(delay, end - clock.now)
    return run.frames - frames


def settle(run):
    """Let a run that is paused do what it was asked to do."""
    for _ in range(1000):
        if run.work(0.02) is None:
            return
    raise AssertionError("the run never comes to rest")


def say(run, kind, name=None, value=None):
    run.post({"type": kind} if name is None else {"type": kind, "name": name, "value": value})


def look(run, clock):
    """A frame of this moment's state; asks the run for one and waits until it is due."""
    run.wanted = True
    before = run.frames
    for _ in range(10_000):
        delay = run.work(0.002)
        if run.frames > before:
            return Frame.decode(run.latest)
        assert delay is not None, "the run has nothing new to show"
        clock.now += delay
    raise AssertionError("no frame came")


def look_again(run, clock):
    """A frame although nothing has changed."""
    say(run, "pause")
    return look(run, clock)


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
    ({"type": "view", "name": "layer", "value": 3}, "from 0 to 2"),
    ({"type": "view", "name": "layer", "value": [0]}, r"layer is \[0\]"),
    ({"type": "view", "name": "probe", "value": 5}, "probe is int; it must be text"),
    ({"type": "view", "name": "prompt", "value": ["a"]}, "prompt is list"),
    ({"type": "configure"}, "needs a RunConfig"),
    ({"type": "configure", "config": {"task": "text"}}, "needs a RunConfig"),
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
    assert run.config == bigger
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

    monkeypatch.setattr("lstm_core.run.Trainer", no_memory)
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
