"""Workers in processes of their own: the same runs, and what happens when such a process ends or hangs."""

import logging
import os
import signal
import sys
import threading
from dataclasses import replace

import pytest

from lstm_core.config import ModelConfig
from lstm_core.config.access_keys import run_id
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.frames.frame import Frame
from lstm_core.server import backends
from lstm_core.server.host import RunHost
from lstm_core.server.worker_handle import WorkerLost
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store
from lstm_core.training.trainer import Trainer
from tests.lstm_core.hosting import PAUSE, TINY, Viewer, eventually, trains


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def two_processes(folder):
    """Of one host for all tests of this file: each takes seconds to begin."""
    host = RunHost(Limits(save=0.2), Store(folder), processes=2)
    yield host
    processes = host.processes()
    host.close()
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.fixture
def host(two_processes):
    """Its runs are gone when a test is over, so that those of the next one have all the time."""
    yield two_processes
    placement = two_processes.placement
    with placement.lock:
        for session in list(placement.sessions):
            placement.drop(session)


def home(host, token):
    return host.placement.sessions.get(run_id(token)).worker


def expected_losses(steps):
    trainer = Trainer(TINY)
    return {step: trainer.step() for step in range(1, steps + 1)}


def test_losses_are_those_of_a_trainer_here(host):
    viewer = Viewer(host, host.open(TINY))
    viewer.steps(60)
    expected = expected_losses(viewer.drawn[-1]["step"])
    assert all(expected[meta["step"]] == meta["loss"] for meta in viewer.drawn if meta["step"])


def test_runs_are_shared_out_among_the_processes(host):
    viewers = [Viewer(host, host.open(TINY)) for _ in range(4)]
    for viewer in viewers:
        viewer.until(trains)
    homes = [home(host, viewer.token) for viewer in viewers]
    assert len(set(homes)) == 2
    assert homes.count(homes[0]) == 2


def test_new_networks_experiments_copies_branches_and_films(host):
    token = host.open(TINY)
    viewer, other = Viewer(host, token), Viewer(host, host.open(RaceConfig(hidden_size=4)))
    viewer.steps(30)
    assert other.until(trains)["kind"] == "race"
    host.post(token, PAUSE)
    meta = viewer.until(lambda meta: meta["status"] == "paused")
    copy = host.copy(token)
    assert host.save(copy).blobs == host.save(token).blobs
    branch = Viewer(host, host.branch(token, 10))
    assert 10 <= branch.draw()["step"] < meta["step"]
    assert [Frame.decode(data).meta["step"] for data in host.film(token)] == meta["history"]
    assert host.configure(token, replace(TINY, model=ModelConfig(hidden_size=9)))
    assert viewer.until(lambda meta: meta["hidden_size"] == 9)["generation"] == 1
    with pytest.raises(ValueError, match="no network yet"):
        host.branch(host.open(TINY), 0)


def test_what_is_logged_there_is_logged_here(host, folder, caplog):
    token = host.open(TINY)
    eventually(lambda: Store(folder).has(run_id(token)), "it is saved")
    with host.placement.lock:
        host.placement.rest(host.placement.sessions.get(run_id(token)))
    eventually(lambda: host.placement.sessions.get(run_id(token)) is None, "it sleeps")
    for path in (folder / run_id(token)).glob("*.state"):
        path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="damaged"):
        host.config(token)
    eventually(lambda: "cannot be read" in caplog.text, "it is in the log")


def test_signals_to_the_whole_group_do_not_end_them(host):
    """Ctrl-C in a terminal, or a service that is stopped: the runs are to be saved first."""
    viewer = Viewer(host, host.open(TINY))
    viewer.until(trains)
    process = home(host, viewer.token).process
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process, number)
    viewer.steps(20)
    assert home(host, viewer.token).process == process


def saved_at_least(folder, token, steps):
    eventually(lambda: RunFiles(Store(folder)).read(run_id(token))[0].steps >= steps, "it is saved")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["ends", "hangs"])
def test_when_a_process_is_lost_its_runs_go_on_from_their_last_saves(host, folder, caplog, monkeypatch, end):
    monkeypatch.setattr("lstm_core.server.worker_handle.SILENCE", 2.0)
    viewers = [Viewer(host, host.open(TINY)) for _ in range(2)]
    for viewer in viewers:
        viewer.steps(50)
    token = viewers[0].token
    host.post(token, {"type": "knob", "name": "clip", "value": 0.5})
    saved_at_least(folder, token, 50)
    before = home(host, token)
    with caplog.at_level(logging.ERROR, "lstm_core.server.pool"):
        os.kill(before.process, end)
        eventually(lambda: before.lost, "it is noticed")
        viewers[0].until(lambda meta: trains(meta) and home(host, token) not in (None, before))
        step = viewers[0].steps(50)["step"]
    assert "another one begins" in caplog.text
    assert host.config(token).knobs.clip == 0.5
    expected = expected_losses(step) if end == signal.SIGSTOP else {}
    assert step > 50
    assert not expected or len(expected) == step
    viewers[1].steps(20)
    assert host.stats()["works"]


def test_whoever_waits_for_a_process_that_ends_is_told(host):
    token = host.open(TINY)
    Viewer(host, token).until(trains)
    worker = home(host, token)
    os.kill(worker.process, signal.SIGSTOP)
    answer = worker.ask("save", run_id(token))
    os.kill(worker.process, signal.SIGKILL)
    with pytest.raises(WorkerLost, match="has ended"):
        answer.value()
    with pytest.raises(WorkerLost, match="has ended"):
        worker.ask("save", run_id(token)).value()


def test_a_run_that_ends_its_process_again_and_again_is_given_up(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.CRITICAL, "lstm_core")
    host = RunHost(Limits(), Store(tmp_path), processes=1)
    token, told = host.open(TINY), []
    on_event = host.placement.on_event
    deaths = []

    def deadly(worker, name, args):
        if name == "frame" and args[0] == run_id(token):
            deaths.append(worker.process)
            os.kill(worker.process, signal.SIGKILL)
        on_event(worker, name, args)

    monkeypatch.setattr(host.placement, "on_event", deadly)

    def deliver(message):
        told.append(message)
        if isinstance(message, bytes):
            threading.Thread(target=lambda: host.ready(number)).start()

    number = host.watch(token, deliver)
    eventually(lambda: told[-1:] == [b""], "its viewer is told")
    assert len(set(deaths)) == 3
    Viewer(host, host.open(TINY)).until(trains)
    host.close()


def test_new_processes_do_not_run_the_main_script_once_more():
    main = sys.modules["__main__"]
    with backends._no_main():
        assert not hasattr(sys.modules["__main__"], "__file__")
    assert sys.modules["__main__"] is main
