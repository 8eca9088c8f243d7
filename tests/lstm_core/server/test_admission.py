"""RunHost's places: how long a run keeps its own, and who waits for one."""

from dataclasses import replace

import pytest

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.storage.store import Store
from tests.lstm_core.hosting import PAUSE, PLAY, STEP, TINY, Viewer, eventually, full_house, rests, trains

# leases


def test_a_run_stops_when_its_lease_is_over_and_goes_on_when_watched_again(open_host, runs):
    host = open_host(lease=0.05)
    left, watched = host.open(TINY), host.open(TINY)
    viewer = Viewer(host, left)
    viewer.until(trains)
    other = Viewer(host, watched)
    other.until(trains)
    viewer.leave()
    run = runs[0]
    rests(run, other, steps=100)
    taken, drawn = run.steps, viewer.drawn[-1]["step"]
    assert taken >= drawn
    assert host.knows(left)
    again = Viewer(host, left)
    again.until(lambda meta: meta["step"] > taken)
    assert len(runs) == 2


def test_within_its_lease_a_run_goes_on(open_host, runs):
    host = open_host(lease=3600)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    viewer.leave()
    before = runs[0].steps
    eventually(lambda: runs[0].steps > before + 50, "it trains on")


def test_a_run_that_nobody_comes_back_to_is_forgotten(open_host):
    host = open_host(lease=0.05)
    kept, left, never_watched = (host.open(TINY) for _ in range(3))
    Viewer(host, kept).until(trains)
    viewer = Viewer(host, left)
    viewer.until(trains)
    viewer.leave()
    host.placement.limits = replace(host.limits, idle=0.1)
    eventually(lambda: not host.knows(left) and not host.knows(never_watched), "both are forgotten")
    assert host.knows(kept)
    assert host.stats()["runs"] == 1
    host.unwatch(viewer.number)
    host.ready(viewer.number)


# waiting


def places_are_gone_through(host):
    rounds = host.housekeeping.rounds
    eventually(lambda: host.housekeeping.rounds > rounds + 1, "somebody looks after the runs")


def let_turns_pass(runs):
    """Wait until every run has had some turns, so that the queue has been gone through."""
    before = [run.turns for run in runs]
    eventually(lambda: all(run.turns >= was + 3 for run, was in zip(runs, before, strict=True)), "turns pass")


def test_who_comes_late_waits_and_is_told_the_place(open_host, runs):
    host, viewers = full_house(open_host, runs)
    third, fourth = (Viewer(host, host.open(TINY)) for _ in range(2))
    meta = third.draw()
    assert meta["status"] == "waiting"
    assert meta["step"] == 0
    assert "number 1 in" in meta["message"]
    assert "All 2 places" in meta["message"]
    assert "number 2 in" in fourth.draw()["message"]
    assert (host.stats()["runs"], host.stats()["waiting"], host.stats()["viewers"]) == (2, 2, 4)
    for viewer in viewers:
        viewer.steps(10)
    third.leave()
    fourth.until(lambda meta: "number 1 in" in meta["message"])
    assert len(runs) == 2


def test_who_waits_begins_when_a_place_is_free(open_host, runs):
    host, viewers = full_house(open_host, runs, lease=0.05)
    third = Viewer(host, host.open(TINY))
    third.draw()
    let_turns_pass(runs)
    viewers[0].leave()
    eventually(lambda: not host.knows(viewers[0].token), "a place is free")
    many = runs[1].turns + 50  # if the third has had no turn by then, it never will
    eventually(lambda: len(runs) == 3 or runs[1].turns > many, "some run has turns")
    assert len(runs) == 3
    third.until(trains)


def test_who_comes_when_a_lease_is_over_begins_at_once(open_host, runs):
    host, viewers = full_house(open_host, runs, lease=3600)
    gone = host.open(TINY)
    viewers[0].leave()
    host.placement.lease = 0.0
    third = Viewer(host, gone)
    assert third.until(trains)
    assert [meta for meta in third.drawn if meta["status"] == "waiting"] == []
    assert host.stats()["runs"] == 2


def test_a_place_is_free_only_after_the_lease(open_host, runs):
    host = open_host(max_runs=1, lease=3600)
    first = host.open(TINY)
    viewer = Viewer(host, first)
    viewer.until(trains)
    viewer.leave()
    second = host.open(TINY)
    waiting = Viewer(host, second)
    assert waiting.draw()["status"] == "waiting"
    places_are_gone_through(host)
    assert host.knows(first)
    assert len(runs) == 1
    host.placement.lease = 0.0
    eventually(lambda: not host.knows(first), "the first run is dropped")
    assert host.knows(second)
    assert host.stats()["runs"] == 1


def test_a_watched_run_is_never_dropped(open_host, runs):
    host, viewers = full_house(open_host, runs, lease=0.0)
    assert Viewer(host, host.open(TINY)).draw()["status"] == "waiting"
    places_are_gone_through(host)
    assert len(runs) == 2
    for viewer in viewers:
        assert viewer.steps(10)["status"] == "training"


def test_of_two_idle_runs_the_one_left_first_makes_room(open_host, runs):
    host = open_host(max_runs=2, lease=3600)
    tokens = [host.open(TINY) for _ in range(2)]
    viewers = [Viewer(host, token) for token in tokens]
    for number in (1, 0):
        viewers[number].until(trains)
        viewers[number].leave()
    host.placement.lease = 0.0
    Viewer(host, host.open(TINY)).until(trains)
    assert host.knows(tokens[0])
    assert not host.knows(tokens[1])


def test_a_waiting_viewer_never_has_more_than_one_frame_to_draw(open_host, runs):
    host, _ = full_house(open_host, runs)
    slow = Viewer(host, host.open(TINY))
    for _ in range(3):
        Viewer(host, host.open(TINY)).leave()
    assert slow.taken == 1


def test_who_waits_in_line_for_longer_than_the_idle_time_keeps_the_place(open_host, runs):
    host, viewers = full_house(open_host, runs, idle=0.2, lease=0.0)
    third = Viewer(host, host.open(TINY))
    third.draw()
    places_are_gone_through(host)
    assert host.stats()["waiting"] == 1
    viewers[0].leave()
    third.until(trains)


def test_messages_to_a_waiting_run_do_no_harm(open_host, runs):
    host, viewers = full_house(open_host, runs)
    token = host.open(TINY)
    waiting = Viewer(host, token)
    for message in (PAUSE, STEP, PLAY, {"type": "knob", "name": "clip", "value": 2.0}, {"type": "reset"}):
        host.post(token, message)
    host.ready(waiting.number)
    assert host.configure(token, RunConfig(TINY.task, ModelConfig(hidden_size=9), TINY.train))
    let_turns_pass(runs)
    assert waiting.draw()["status"] == "waiting"
    viewers[0].steps(10)


def test_messages_that_come_early_are_kept(open_host):
    host = open_host()
    token = host.open(TINY)
    host.post(token, {"type": "knob", "name": "learning_rate", "value": 0.001})
    host.post(token, {"type": "view", "name": "probe", "value": "cat"})
    meta = Viewer(host, token).until(trains)
    assert meta["learning_rate"] == 0.001
    assert meta["labels"] == ["c", "a", "t"]


def test_bad_messages_are_refused_early_too(open_host):
    host = open_host()
    token = host.open(TINY)
    with pytest.raises(ValueError, match="dance"):
        host.post(token, {"type": "dance"})


def test_a_waiting_run_can_be_configured(open_host):
    host = open_host()
    token = host.open(TINY)
    assert host.configure(token, RunConfig(TINY.task, ModelConfig(hidden_size=9), TINY.train))
    assert Viewer(host, token).until(trains)["hidden_size"] == 9


def test_a_paused_run_keeps_its_place_in_line(open_host, tmp_path):
    host = open_host(max_runs=1, idle=0.3, lease=0.0, store=Store(tmp_path))
    first = Viewer(host, host.open(TINY))
    first.until(trains)
    token = host.open(TINY)
    host.post(token, PAUSE)
    waiting = Viewer(host, token)
    waiting.until(lambda meta: meta["status"] == "waiting")
    rounds = host.housekeeping.rounds
    while host.housekeeping.rounds < rounds + 2:
        first.draw()
    assert host.stats()["waiting"] == 1
    first.leave()
    waiting.until(lambda meta: meta["status"] != "waiting")
