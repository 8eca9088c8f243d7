"""Where runs live: what happens when a worker is lost, and that nobody waits for a disk or a worker."""

import logging
import threading

import pytest

from lstm_core.config import ModelConfig, RunConfig, TrainConfig
from lstm_core.config.access_keys import run_id
from lstm_core.server import placement
from lstm_core.server.pool import Pool
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store
from tests.lstm_core.hosting import PAUSE, TIMEOUT, TINY, Viewer, eventually, trains


@pytest.fixture
def saving(open_host, tmp_path):
    return lambda **options: open_host(store=Store(tmp_path), **options)


@pytest.fixture(autouse=True)
def quiet_pool():
    logging.getLogger("lstm_core.server.pool").disabled = True
    yield
    logging.getLogger("lstm_core.server.pool").disabled = False


def session_of(host, token):
    return host.placement.sessions.get(run_id(token))


def lose(host, token):
    """As if the worker that has this run had ended."""
    worker = session_of(host, token).worker
    worker.lost = True
    host.placement.on_lost(worker, "a test")
    worker.begin_close()
    return worker


# workers that are lost


def test_a_run_that_was_never_saved_begins_again(saving, monkeypatch):
    held = threading.Event()
    write = RunFiles.write
    monkeypatch.setattr(
        RunFiles, "write", lambda *args, **options: held.wait(TIMEOUT) and write(*args, **options)
    )
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    before = lose(host, token)
    viewer.until(lambda meta: trains(meta) and session_of(host, token).worker is not before)
    held.set()
    viewer.hear(lambda facts: facts["saved"])


def test_a_copy_that_was_never_saved_begins_again_with_the_settings_made_since(open_host):
    host = open_host()
    token = host.copy(host.open(TINY))
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, {"type": "knob", "name": "clip", "value": 3.0})
    viewer.until(lambda meta: meta["step"] > 5)
    before = lose(host, token)
    viewer.until(lambda meta: trains(meta) and session_of(host, token).worker is not before)
    assert host.save(token).config == host.config(token)
    assert host.config(token).knobs.clip == 3.0


def test_a_run_that_rests_is_read_when_it_is_wanted(saving, tmp_path):
    host = saving()
    token = host.open(TINY)
    eventually(lambda: Store(tmp_path).has(run_id(token)), "it is saved")
    lose(host, token)
    assert host.config(token) == TINY
    Viewer(host, token).until(trains)


def test_without_a_store_it_is_gone_and_its_viewers_are_told(open_host):
    host = open_host()
    token, told = host.open(TINY), []
    host.watch(token, told.append)
    eventually(lambda: any(isinstance(one, bytes) for one in told), "it trains")
    session_of(host, token).origin = None
    lose(host, token)
    assert told[-1] == b""
    assert not host.knows(token)


def test_who_is_to_blame_three_times_is_given_up(saving, monkeypatch):
    logging.getLogger("lstm_core.server.placement").disabled = True
    host = saving()
    bad, good = host.open(TINY), host.open(TINY)
    viewer = Viewer(host, bad)
    viewer.hear(lambda facts: facts["saved"])
    for _ in range(placement.MOST_DEATHS):
        session = session_of(host, bad)
        with host.placement.lock:
            session.worker.turn = session.run_id
        lose(host, bad)
    assert session_of(host, bad) is None
    Viewer(host, good).until(trains)
    logging.getLogger("lstm_core.server.placement").disabled = False


def test_a_worker_that_cannot_begin_is_not_tried_all_the_time(monkeypatch):
    slept = []
    monkeypatch.setattr("lstm_core.server.pool.time.sleep", slept.append)

    class Backend:
        process = None

        def start(self, options):
            raise OSError("no room for a process")

        def alive(self):
            return False

        def kill(self):
            pass

        def join(self, seconds):
            pass

    class Listener:
        def on_event(self, worker, name, args):
            pass

        def on_lost(self, worker, reason):
            if len(slept) < 9:
                pool.replace(worker, reason)

    pool = Pool(Backend, 1, Listener(), None)
    pool.start()
    eventually(lambda: len(slept) == 9, "it was tried nine times")
    assert slept == sorted(slept)
    assert slept[-1] == 30.0
    eventually(lambda: not pool.works(), "that the last one has not begun either is known")


# nobody waits


def test_sharing_writes_to_the_disk_while_others_go_on(saving, monkeypatch):
    host = saving()
    token = host.open(TINY)
    writing, go_on = threading.Event(), threading.Event()
    set_code = Store.set_code

    def slow(*args):
        writing.set()
        assert go_on.wait(TIMEOUT)
        set_code(*args)

    monkeypatch.setattr(Store, "set_code", slow)
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(host.sharing.share(token))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert writing.wait(TIMEOUT)
    Viewer(host, token).until(trains)  # needs the lock that must not be held meanwhile
    host.post(token, PAUSE)
    go_on.set()
    for thread in threads:
        thread.join(TIMEOUT)
    assert codes == [host.sharing.code(token)] * 2


def test_what_would_have_to_be_read_from_a_disk_is_not_posted_at_once(saving, tmp_path):
    host = saving()
    token = host.open(TINY)
    eventually(lambda: Store(tmp_path).has(run_id(token)), "it is saved")
    host.close()
    again = saving()
    assert again.post_at_once(token, PAUSE) is False
    again.post(token, PAUSE)
    assert again.post_at_once(token, PAUSE) is True
    Viewer(again, token).until(lambda meta: meta["status"] == "paused")


def test_a_run_that_is_falling_asleep_takes_a_message(saving):
    """Between a look whether it is awake and the message, it may have been sent to rest."""
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    for _ in range(5):
        with host.placement.lock:
            host.placement.rest(session_of(host, token))
            assert host.post_at_once(token, {"type": "knob", "name": "learning_rate", "value": 0.125})
        assert viewer.until(lambda meta: meta["learning_rate"] == 0.125)


# settings


def test_settings_that_do_not_fit_are_refused_and_the_run_keeps_what_is_shown(open_host):
    host = open_host()
    large = RunConfig(TINY.task, ModelConfig(hidden_size=256, num_layers=3), TrainConfig(sequence_length=250))
    token = host.open(large)
    with pytest.raises(ValueError, match="batch size"):
        host.post(token, {"type": "knob", "name": "batch_size", "value": 128})
    assert host.config(token) == large


def test_a_step_leaves_the_past_in_the_servers_settings_too(open_host):
    host = open_host()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(30)
    host.post(token, {"type": "view", "name": "at", "value": 5})
    viewer.until(lambda meta: meta["at"] == 5)
    host.post(token, {"type": "step"})
    assert host.config(token).view.at is None
    assert viewer.until(lambda meta: meta["at"] is None)["status"] == "paused"


def test_runs_that_nobody_has_watched_for_minutes_do_not_count_as_running(open_host):
    host = open_host(lease=0.0)
    left, watched = (Viewer(host, host.open(TINY)) for _ in range(2))
    for viewer in (left, watched):
        viewer.until(trains)
    left.leave()
    eventually(lambda: host.stats()["resting"] == 1, "it rests")
    assert host.stats()["runs"] == 1
