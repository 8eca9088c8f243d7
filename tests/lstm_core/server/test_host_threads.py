"""RunHost's threads: viewers that misbehave in them, and many threads at once."""

import threading

import pytest

from tests.lstm_core.hosting import PAUSE, STEP, TIMEOUT, TINY, Viewer, eventually, full_house


def workers(host):
    return [worker for worker in host.placement.pool.workers if worker.works()]


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
    host, _ = full_house(open_host, runs, workers=1)
    ahead = Viewer(host, host.open(TINY))
    told = []

    def goes_away(data):
        told.extend([data] if isinstance(data, bytes) else [])
        if len(told) > 1:
            raise ConnectionError("gone")

    number = host.watch(host.open(TINY), goes_away)
    host.ready(number)
    ahead.leave()
    eventually(lambda: len(told) > 1, "it is told its new place")
    turns = runs[0].turns
    eventually(lambda: runs[0].turns > turns + 1 or not workers(host), "the worker goes on or ends")
    assert len(workers(host)) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_viewer_may_leave_while_it_is_handed_a_frame(open_host, quiet):
    host = open_host()
    token = host.open(TINY)
    numbers, known, left = [], threading.Event(), threading.Event()

    def leaves(data):
        if isinstance(data, str):
            return
        known.wait(TIMEOUT)
        host.unwatch(numbers[0])
        left.set()

    numbers.append(host.watch(token, leaves))
    known.set()
    assert left.wait(TIMEOUT)
    viewer = Viewer(host, host.open(TINY))
    viewer.steps(10)
    assert len(workers(host)) == 2


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
