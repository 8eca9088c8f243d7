"""RunHost with real threads: tokens, who gets which frame, stats, closing."""

import threading
from dataclasses import replace

import pytest

from lstm_core.config import Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.frames.frame import Frame
from lstm_core.server.host import RunHost
from lstm_core.training.trainer import Trainer
from tests.lstm_core.hosting import PAUSE, PLAY, STEP, TINY, Viewer, eventually, trains

# tokens and data


def test_an_unknown_token_opens_nothing(open_host):
    host = open_host()
    assert not host.knows("nobody")
    with pytest.raises(KeyError):
        host.watch("nobody", print)
    with pytest.raises(KeyError):
        host.post("nobody", PLAY)
    with pytest.raises(KeyError):
        host.configure("nobody", TINY)
    host.ready(123)
    host.unwatch(123)
    stats = host.stats()
    assert not any(stats[name] for name in ("runs", "waiting", "asleep", "viewers", "followers"))


def test_tokens_are_long_and_differ(open_host):
    host = open_host()
    tokens = {host.open(TINY) for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 20 and host.knows(token) for token in tokens)


def test_data_that_cannot_be_learnt_take_no_place(open_host):
    host = open_host()
    for task in (TextConfig("own", text="abc"), SeriesConfig("own", values=(1.0, 2.0))):
        with pytest.raises(ValueError, match="too short"):
            host.open(RunConfig(task))
    assert host.stats()["waiting"] == host.stats()["runs"] == 0


# training and watching


def test_a_run_begins_when_it_is_watched(open_host, runs):
    host = open_host()
    token = host.open(TINY)
    assert not runs
    Viewer(host, token).until(trains)
    assert len(runs) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_runs_progress_side_by_side(open_host, workers):
    host = open_host(workers=workers)
    viewers = [Viewer(host, host.open(TINY)) for _ in range(3)]
    for viewer in viewers:
        viewer.steps(30)


def test_hosted_losses_are_those_of_a_bare_trainer(open_host):
    host = open_host()
    one, other = (Viewer(host, host.open(TINY)) for _ in range(2))
    one.steps(60)
    other.steps(60)
    seen = {meta["step"]: meta["loss"] for meta in one.drawn + other.drawn if meta["step"]}
    trainer = Trainer(TINY)
    expected = {step: trainer.step() for step in range(1, max(seen) + 1)}
    assert all(expected[step] == loss for step, loss in seen.items())


def test_two_viewers_of_one_run_see_the_same_run(open_host, runs):
    host = open_host()
    token = host.open(TINY)
    one, other = Viewer(host, token), Viewer(host, token)
    one.steps(30)
    other.steps(30)
    assert len(runs) == 1
    losses = {meta["step"]: meta["loss"] for meta in one.drawn}
    assert all(losses.get(meta["step"], meta["loss"]) == meta["loss"] for meta in other.drawn)


def test_whoever_comes_later_gets_the_latest_frame_at_once(open_host):
    host = open_host()
    token = host.open(TINY)
    Viewer(host, token).until(trains)
    host.post(token, PAUSE)
    later = Viewer(host, token)
    assert later.taken == 1
    assert later.draw()["step"] > 0


def test_a_slow_viewer_never_has_more_than_one_frame_to_draw_and_then_gets_the_newest(open_host):
    host = open_host()
    token = host.open(TINY)
    slow = Viewer(host, token)
    fast = Viewer(host, token)
    for _ in range(6):
        fast.draw()
    assert slow.taken == 1
    first = slow.draw()["step"]
    newest = fast.drawn[-1]["step"]
    assert slow.draw()["step"] >= newest > first
    assert len({meta["step"] for meta in fast.drawn}) == len(fast.drawn)


def test_a_viewer_that_is_ready_twice_gets_no_frame_twice(open_host):
    host = open_host()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, PAUSE)
    viewer.until(lambda meta: meta["status"] == "paused")
    taken = viewer.taken
    for _ in range(10):
        host.ready(viewer.number)
    host.post(token, STEP)
    viewer.until(lambda meta: meta["step"] > viewer.drawn[-2]["step"])
    assert viewer.taken == taken + 1


def test_messages_act_and_bad_ones_are_refused(open_host):
    host = open_host()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, {"type": "knob", "name": "learning_rate", "value": 0.001})
    viewer.until(lambda meta: meta["learning_rate"] == 0.001)
    host.post(token, {"type": "view", "name": "probe", "value": "cat"})
    viewer.until(lambda meta: meta["labels"] == ["c", "a", "t"])
    for bad in ({"type": "dance"}, {"type": "knob", "name": "clip", "value": -1}, {}):
        with pytest.raises(ValueError, match=r"unknown|clip"):
            host.post(token, bad)
    with pytest.raises(ValueError, match="configure"):
        host.post(token, {"type": "configure", "config": TINY})
    viewer.steps(10)


def knob(value, **more):
    return {"type": "knob", "name": "clip", "value": value, **more}


def test_whoever_may_change_a_run_hears_how_its_settings_stand_whoever_changes_them(open_host):
    host = open_host()
    token = host.open(TINY)
    one, other = Viewer(host, token), Viewer(host, token)
    assert one.facts["settings"]["knob"] == vars(TINY.knobs)
    assert one.facts["settings"]["view"]["temperature"] == TINY.view.temperature
    host.post(token, knob(3.0, number=7), one.number)
    for viewer, answered in ((one, 7), (other, 0)):
        assert viewer.facts["settings"]["knob"]["clip"] == 3.0
        assert viewer.facts["answered"] == answered
    host.configure(token, replace(TINY, train=TrainConfig(sequence_length=5)))
    assert one.facts["settings"]["knob"]["clip"] == 3.0
    host.post(token, {"type": "hands", "name": "f", "value": 0.5})
    assert other.facts["settings"]["hands"]["f"] == 0.5


@pytest.mark.parametrize("number", [None, "8", 8.0, [8]])
def test_a_setting_that_is_refused_is_answered_too_and_a_number_that_is_none_is_ignored(open_host, number):
    host = open_host()
    viewer = Viewer(host, token := host.open(TINY))
    with pytest.raises(ValueError, match="clip"):
        host.post(token, knob(-1.0, number=7), viewer.number)
    assert viewer.facts["answered"] == 7
    assert viewer.facts["settings"]["knob"]["clip"] == TINY.knobs.clip
    host.post(token, knob(2.0, number=number), viewer.number)
    assert viewer.facts["answered"] == 7
    assert viewer.facts["settings"]["knob"]["clip"] == 2.0


def test_configure_makes_a_new_network_only_where_one_is_needed(open_host):
    host = open_host()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    same = RunConfig(TINY.task, TINY.model, TINY.train, Knobs(learning_rate=0.5))
    assert host.configure(token, same) is False
    viewer.steps(10)
    bigger = RunConfig(TINY.task, ModelConfig(hidden_size=9), TINY.train)
    assert host.configure(token, bigger) is True
    viewer.until(lambda meta: meta["hidden_size"] == 9)
    assert host.configure(token, bigger) is False
    with pytest.raises(ValueError, match="too short"):
        host.configure(token, RunConfig(TextConfig("own", text="abc")))
    assert viewer.steps(10)["hidden_size"] == 9


# the end


def test_stats_count_runs_viewers_and_steps(open_host):
    host = open_host()
    tokens = [host.open(TINY) for _ in range(2)]
    viewers = [Viewer(host, token) for token in (*tokens, tokens[0])]
    stats = host.stats()
    assert (stats["runs"], stats["waiting"], stats["viewers"]) == (2, 0, 3)
    eventually(lambda: host.stats()["steps_per_second"] > 1, "steps are counted")
    viewers[2].leave()
    viewers[2].leave()
    assert host.stats()["viewers"] == 2
    assert host.stats()["runs"] == 2


def test_closing_ends_every_worker_and_forgets_every_run():
    before = set(threading.enumerate())
    host = RunHost(workers=1)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    assert set(threading.enumerate()) - before
    host.close()
    assert not set(threading.enumerate()) - before
    assert not host.knows(token)
    taken = viewer.taken
    host.ready(viewer.number)
    viewer.leave()
    host.close()
    assert viewer.taken == taken


def test_a_host_that_was_never_used_closes():
    RunHost().close()


def test_a_branch_is_a_run_of_its_own(open_host):
    host = open_host()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(30)
    branch = host.branch(token, 10)
    assert branch != token
    other = Viewer(host, branch)
    assert other.draw()["history"][0] == 0
    other.until(lambda meta: meta["step"] > 10)
    assert all(meta["step"] >= 10 for meta in other.drawn)
    viewer.steps(10)
    with pytest.raises(KeyError):
        host.branch("nobody", 0)


def test_a_branch_of_a_run_that_nobody_has_watched_is_refused(open_host):
    host = open_host()
    with pytest.raises(ValueError, match="no network yet"):
        host.branch(host.open(TINY), 0)


def test_the_film_is_made_of_encoded_frames(open_host):
    host = open_host()
    token = host.open(TINY)
    assert host.film(token) == []
    Viewer(host, token).steps(20)
    steps = [Frame.decode(frame).meta["step"] for frame in host.film(token)]
    assert steps[0] == 0
    assert steps == sorted(steps)
    with pytest.raises(KeyError):
        host.film("nobody")


def test_a_frame_has_the_parts_that_any_of_its_viewers_shows(open_host):
    host = open_host()
    token = host.open(TINY)
    one, other = Viewer(host, token), Viewer(host, token)
    one.steps(5)
    assert "held" not in one.draw()
    host.ready(other.number, ["held", "nonsense", 7])
    one.until(lambda meta: "held" in meta)
    other.leave()
    one.until(lambda meta: "held" not in meta)
