"""RunHost with real threads: who trains, who waits, who gets which frame."""

import logging
import threading
import time

import pytest

from lstm_core.config import Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.frame import Frame
from lstm_core.host import RunHost
from lstm_core.run import Run
from lstm_core.trainer import Trainer

TIMEOUT = 30  # seconds; reached only when something is broken
TINY = RunConfig(
    TextConfig("own", text="the cat sat on the mat. " * 20),
    ModelConfig(hidden_size=6, embedding_size=3),
    TrainConfig(sequence_length=6),
    Knobs(batch_size=2),
)
PAUSE, PLAY, STEP = {"type": "pause"}, {"type": "play"}, {"type": "step"}


class Viewer:
    """Watches a run as a browser does: it says that it is ready when it has drawn a frame."""

    def __init__(self, host, token):
        self.host, self.token = host, token
        self.taken = 0  # frames handed over
        self.drawn = []  # their meta
        self._undrawn = []
        self._came = threading.Condition()
        self.number = host.watch(token, self._take)

    def _take(self, data):
        with self._came:
            self.taken += 1
            self._undrawn.append(data)
            self._came.notify_all()

    def draw(self):
        """Wait for the next frame, draw it, and say so; returns its meta."""
        with self._came:
            assert self._came.wait_for(lambda: self._undrawn, TIMEOUT), "no frame came"
            frame = Frame.decode(self._undrawn.pop(0))
        self.drawn.append(frame.meta)
        self.host.ready(self.number)
        return frame.meta

    def until(self, wanted):
        """Draw until a frame's meta is `wanted`; returns it."""
        end = time.monotonic() + TIMEOUT
        while not wanted(meta := self.draw()):
            assert time.monotonic() < end, f"still {meta}"
        return meta

    def steps(self, count):
        """Draw until the run has taken so many more steps."""
        last = self.drawn[-1]["step"] if self.drawn else 0
        return self.until(lambda meta: meta["step"] >= last + count)

    def leave(self):
        self.host.unwatch(self.number)


def eventually(holds, what):
    """Look again and again until it holds."""
    end = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        threading.Event().wait(0.005)


def trains(meta):
    return meta["status"] == "training" and meta["step"] > 0


@pytest.fixture
def runs(monkeypatch):
    """Every Run that has had a turn, in the order of their first ones."""
    made = []

    class Kept(Run):
        turns = 0

        def work(self, seconds):
            self.turns += 1
            if self.turns == 1:
                made.append(self)
            return super().work(seconds)

    monkeypatch.setattr("lstm_core.host.Run", Kept)
    return made


@pytest.fixture
def open_host():
    hosts = []

    def make(**options):
        hosts.append(RunHost(**{"workers": 2} | options))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def quiet():
    logger = logging.getLogger("lstm_core.host")
    logger.disabled = True
    yield
    logger.disabled = False


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("run-worker-")]


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
    assert host.stats() == {"runs": 0, "waiting": 0, "viewers": 0, "steps_per_second": 0.0}


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

    def rests():
        before = run.turns
        other.steps(100)  # time enough for many turns
        return run.turns == before

    eventually(rests, "the run that nobody watches rests")
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
    host.forget = 0.1
    eventually(lambda: not host.knows(left) and not host.knows(never_watched), "both are forgotten")
    assert host.knows(kept)
    assert host.stats()["runs"] == 1
    host.unwatch(viewer.number)
    host.ready(viewer.number)


# waiting


def full_house(open_host, runs, **options):
    """A host of two places, both taken by runs that train; the host and both viewers."""
    host = open_host(max_runs=2, **options)
    viewers = []
    for _ in range(2):
        viewers.append(Viewer(host, host.open(TINY)))
        viewers[-1].until(trains)
    return host, viewers


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
    host.lease = 0.0
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
    host.open(TINY)  # the places are gone through again
    assert host.knows(first)
    assert len(runs) == 1
    host.lease = 0.0
    eventually(lambda: not host.knows(first), "the first run is dropped")
    assert host.knows(second)
    assert host.stats()["runs"] == 1


def test_a_watched_run_is_never_dropped(open_host, runs):
    host, viewers = full_house(open_host, runs, lease=0.0)
    assert Viewer(host, host.open(TINY)).draw()["status"] == "waiting"
    host.open(TINY)  # the places are gone through again
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
    host.lease = 0.0
    Viewer(host, host.open(TINY)).until(trains)
    assert host.knows(tokens[0])
    assert not host.knows(tokens[1])


def test_a_waiting_viewer_never_has_more_than_one_frame_to_draw(open_host, runs):
    host, _ = full_house(open_host, runs)
    slow = Viewer(host, host.open(TINY))
    for _ in range(3):
        Viewer(host, host.open(TINY)).leave()
    assert slow.taken == 1


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


# viewers that misbehave


def refuse(data):
    raise ConnectionError("gone")


def test_a_viewer_that_takes_nothing_does_not_stop_the_others(open_host, quiet):
    host = open_host(workers=1)
    token = host.open(TINY)
    bad = host.watch(token, refuse)
    good, other = Viewer(host, token), Viewer(host, host.open(TINY))
    for _ in range(3):
        host.ready(bad)
        good.steps(10)
        other.steps(10)
    host.watch(token, refuse)
    host.unwatch(bad)
    good.steps(10)
    assert host.stats()["viewers"] == 3


def test_a_waiting_viewer_that_takes_nothing_can_be_let_go(open_host, runs, quiet):
    host, _ = full_house(open_host, runs)
    host.unwatch(host.watch(host.open(TINY), refuse))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_waiting_viewer_that_goes_away_does_not_end_a_worker(open_host, runs, quiet):
    before = len(workers())
    host, _ = full_house(open_host, runs, workers=1)
    ahead = Viewer(host, host.open(TINY))
    told = []

    def goes_away(data):
        told.append(data)
        if len(told) > 1:
            raise ConnectionError("gone")

    number = host.watch(host.open(TINY), goes_away)
    host.ready(number)
    ahead.leave()
    eventually(lambda: len(told) > 1, "it is told its new place")
    turns = runs[0].turns
    eventually(lambda: runs[0].turns > turns + 1 or len(workers()) == before, "the worker goes on or ends")
    assert len(workers()) == before + 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_viewer_may_leave_while_it_is_handed_a_frame(open_host, quiet):
    before = len(workers())
    host = open_host()
    token = host.open(TINY)
    numbers, known, left = [], threading.Event(), threading.Event()

    def leaves(data):
        known.wait(TIMEOUT)
        host.unwatch(numbers[0])
        left.set()

    numbers.append(host.watch(token, leaves))
    known.set()
    assert left.wait(TIMEOUT)
    viewer = Viewer(host, host.open(TINY))
    viewer.steps(10)
    assert len(workers()) == before + 2


# many at once


def in_threads(count, work):
    """Run work(number) in so many threads at once; raises what any of them raised."""
    failures = []
    together = threading.Barrier(count)

    def guarded(number):
        try:
            together.wait(TIMEOUT)
            work(number)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert not any(thread.is_alive() for thread in threads)
    if failures:
        raise failures[0]


def test_no_step_is_lost_when_many_post_at_once(open_host):
    host = open_host()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    host.post(token, PAUSE)
    start = viewer.until(lambda meta: meta["status"] == "paused")["step"]

    def post(number):
        for _ in range(25):
            host.post(token, STEP)

    in_threads(8, post)
    viewer.until(lambda meta: meta["step"] >= start + 200)
    host.post(token, {"type": "view", "name": "probe", "value": "cat"})
    assert viewer.until(lambda meta: meta["labels"] == ["c", "a", "t"])["step"] == start + 200


def test_many_knobs_from_many_threads_end_at_the_last(open_host):
    host = open_host()
    tokens = [host.open(TINY) for _ in range(2)]
    viewers = [Viewer(host, token) for token in tokens]

    def post(number):
        for turn in range(30):
            token = tokens[turn % 2]
            host.post(token, {"type": "knob", "name": "batch_size", "value": 1 + number})
            host.post(token, {"type": "view", "name": "seed", "value": turn})
            host.post(token, {"type": "view", "name": "prompt", "value": "the " * number})
            if turn % 10 == 0:
                host.post(token, {"type": "reset"})

    in_threads(8, post)
    for token, viewer in zip(tokens, viewers, strict=True):
        host.post(token, {"type": "knob", "name": "learning_rate", "value": 0.002})
        assert viewer.until(lambda meta: meta["learning_rate"] == 0.002)["status"] == "training"


def test_coming_and_going_in_many_threads(open_host):
    host = open_host(max_runs=3, lease=0.0)
    steady = Viewer(host, host.open(TINY))

    def come_and_go(number):
        for _ in range(10):
            token = host.open(TINY)
            viewer = host.watch(token, lambda data: None)
            host.ready(viewer)
            host.post(token, {"type": "knob", "name": "clip", "value": 1 + number})
            host.stats()
            host.unwatch(viewer)

    in_threads(6, come_and_go)
    steady.steps(20)
    stats = host.stats()
    assert stats["viewers"] == 1
    assert 1 <= stats["runs"] <= 3


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
    host = RunHost(workers=3)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    assert len(set(threading.enumerate()) - before) == 3
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
