"""Runs in processes of their own: the same runs, and what happens when such a process ends."""

import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.config.access_keys import run_id
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.race.race import RaceConfig
from lstm_core.frames.frame import Frame
from lstm_core.runtime.remote import ROOT, RemoteRoom
from lstm_core.runtime.room import Lost
from lstm_core.server.host import RunHost
from lstm_core.storage.checkpoint import to_bytes
from lstm_core.storage.store import Store
from lstm_core.training.trainer import Trainer
from tests.lstm_core.hosting import PAUSE, PLAY, STEP, TINY, Viewer, eventually, trains


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def host(folder):
    """A host with two processes, for all tests of this file: each takes seconds to begin."""
    host = RunHost(Limits(save=0.2), Store(folder), processes=2)
    yield host
    host.close()
    assert all(turns.room._process is None for turns in host._queues)


@pytest.fixture
def room(tmp_path):
    room = RemoteRoom(Store(tmp_path))
    yield room
    room.close()


def home(host, token):
    return host._seats[run_id(token)].turns.room


def kill(room):
    os.kill(room._process.pid, signal.SIGKILL)


def test_losses_are_those_of_a_trainer_here(host):
    viewer = Viewer(host, host.open(TINY))
    viewer.steps(60)
    trainer = Trainer(TINY)
    expected = {step: trainer.step() for step in range(1, viewer.drawn[-1]["step"] + 1)}
    assert all(expected[meta["step"]] == meta["loss"] for meta in viewer.drawn if meta["step"])


def test_runs_are_shared_out_among_the_processes(host):
    viewers = [Viewer(host, host.open(TINY)) for _ in range(4)]
    for viewer in viewers:
        viewer.until(trains)
    homes = [home(host, viewer.token) for viewer in viewers]
    assert len(set(homes)) == 2
    assert abs(homes.count(homes[0]) - 2) <= 1  # other tests' runs count, too


def test_buttons_settings_and_questions_reach_the_run(host):
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, {"type": "knob", "name": "learning_rate", "value": 0.004})
    viewer.until(lambda meta: meta["learning_rate"] == 0.004)
    assert host.config(token).knobs.learning_rate == 0.004
    host.post(token, {"type": "view", "name": "probe", "value": "cat"})
    viewer.until(lambda meta: meta["labels"] == ["c", "a", "t"])
    host.post(token, PAUSE)
    step = viewer.until(lambda meta: meta["status"] == "paused")["step"]
    host.post(token, STEP)
    assert viewer.until(lambda meta: meta["step"] != step)["step"] == step + 1
    host.post(token, {"type": "check"})
    assert viewer.until(lambda meta: meta["check"])["check"]["step"] == step + 1
    host.post(token, {"type": "reset"})
    assert viewer.until(lambda meta: meta["step"] < step)["step"] == 0
    with pytest.raises(ValueError, match="dance"):
        host.post(token, {"type": "dance"})


def test_new_networks_are_made_over_there(host):
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    bigger = replace(TINY, model=ModelConfig(hidden_size=9))
    assert host.configure(token, bigger)
    assert host.config(token) == bigger
    viewer.until(lambda meta: meta["hidden_size"] == 9)
    assert host.generation(token) == 1
    assert host.config(token).network == bigger.network


def test_experiments_train_there_too(host):
    viewer = Viewer(host, host.open(RaceConfig(knobs=replace(RaceConfig().knobs, lag=2, batch_size=2))))
    assert viewer.until(trains)["kind"] == "race"


def test_a_copy_and_a_branch_go_on_from_there(host):
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(30)
    host.post(token, PAUSE)
    step = viewer.until(lambda meta: meta["status"] == "paused")["step"]
    copy = host.copy(token)
    assert to_bytes(host.save(copy)) == to_bytes(host.save(token))
    assert Viewer(host, copy).draw()["step"] == step
    branch = Viewer(host, host.branch(token, 10))
    assert 10 <= branch.draw()["step"] < step
    with pytest.raises(ValueError, match="no network yet"):
        host.branch(host.open(TINY), 0)


def test_a_film_is_made_while_others_train(host):
    token = host.open(TINY)
    viewer, other = Viewer(host, token), Viewer(host, host.open(TINY))
    history = viewer.steps(40)["history"]
    other.until(trains)
    steps = [Frame.decode(data).meta["step"] for data in host.film(token)]
    assert steps[: len(history) - 1] == history[:-1]
    other.steps(5)


def test_followers_are_told_and_a_sharing_ends(host):
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    follower = Viewer(host, host.share(token))
    follower.until(trains)
    viewer.until(lambda meta: meta["followers"] == 1)
    host.unshare(token)
    viewer.until(lambda meta: meta["followers"] is None)


def test_it_sleeps_and_wakes_in_any_of_the_processes(host, folder):
    token = host.open(TINY)
    viewer = Viewer(host, token)
    step = viewer.steps(30)["step"]
    viewer.leave()
    with host._lock:
        host._places.end(host._seats[run_id(token)])
    eventually(lambda: run_id(token) not in host._seats, "it is out of memory")
    assert Viewer(host, token).draw()["step"] >= step


def test_when_a_process_ends_its_runs_go_on_from_their_last_saves(host, folder, caplog):
    viewers = [Viewer(host, host.open(TINY)) for _ in range(2)]
    for viewer in viewers:
        viewer.steps(50)
    token = viewers[0].token
    eventually(lambda: Store(folder).read(run_id(token))[0].steps >= 20, "it is saved")
    with caplog.at_level(logging.ERROR, "lstm_core.runtime.remote"):
        kill(home(host, token))
        step = viewers[0].until(lambda meta: meta["step"] > 150)["step"]
    assert any("has ended" in record.message for record in caplog.records)
    trainer = Trainer(TINY)
    expected = {step: trainer.step() for step in range(1, step + 1)}
    assert all(expected[meta["step"]] == meta["loss"] for meta in viewers[0].drawn if meta["step"])
    viewers[1].steps(20)
    assert host.stats()["works"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_run_that_ends_its_process_again_and_again_is_given_up(tmp_path, caplog):
    caplog.set_level(logging.CRITICAL, "lstm_core")
    host = RunHost(Limits(), Store(tmp_path), processes=1)
    token = host.open(TINY)
    (turns,) = host._queues
    ask = turns.room.ask

    def deadly(*question):
        if question[0] == "work":
            kill(turns.room)
        return ask(*question)

    turns.room.ask = deadly
    told = []
    host.watch(token, told.append)
    eventually(lambda: told == [b""], "its viewer is told")
    turns.room.ask = ask
    Viewer(host, host.open(TINY)).until(trains)
    host.close()


def test_whoever_asks_a_process_that_is_gone_is_told(room):
    run = room.open(TINY)
    kill(room)
    room._process.wait()
    with pytest.raises(Lost, match="has ended"):
        run.work(0.01)
    assert not room.works()
    logging.getLogger("lstm_core.runtime.remote").disabled = True
    room.revive()
    logging.getLogger("lstm_core.runtime.remote").disabled = False
    with pytest.raises(KeyError):  # a run of before is never taken for one of now
        run.work(0.01)
    assert room.open(TINY).work(0.01) is not None


def test_what_is_wrong_over_there_is_raised_and_logged_here(room, caplog):
    with pytest.raises(KeyError):
        room.wake("0" * 32)
    with pytest.raises(ValueError, match="no network yet"):
        room.branch(room.open(TINY), 3)
    with pytest.raises(RuntimeError, match="TypeError"):
        room.ask("work")
    assert any("could not be answered" in record.message for record in caplog.records)
    run = room.open(RunConfig(TINY.task, TINY.model, TINY.train, TINY.knobs))
    run.wanted = True
    run.work(0.01)
    assert Frame.decode(run.latest).meta["status"] == "training"


def test_what_came_of_a_save_is_heard_of(room):
    told, heard = [], threading.Event()
    run = room.open(TINY)
    run.work(0.01)
    room.save("0" * 32, run, True, lambda trouble: (told.append(trouble), heard.set()))
    eventually(lambda: room.poll() or heard.is_set(), "the save is done")
    assert told == [""]
    again, trouble = room.wake("0" * 32)
    assert (again.steps, trouble) == (run.steps, "")


def test_only_what_is_live_comes_back_of_the_settings(room):
    """A text may be long, and a slider that is dragged sends a hundred values a second."""
    run = room.open(TINY)
    run.post({"type": "knob", "name": "clip", "value": 2.0})
    told = []
    exchange = room._exchange
    room._exchange = lambda message: told.append(exchange(message)) or told[-1]
    run.work(0.01)
    (_, answer), _, _ = told[0]
    assert answer["live"]["knobs"].clip == 2.0
    assert "config" not in answer
    assert run.config == replace(TINY, knobs=replace(TINY.knobs, clip=2.0))


def test_it_ends_when_nobody_can_ask_it_any_more():
    process = subprocess.Popen(
        [sys.executable, "-m", "lstm_core.runtime.desk"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


def test_signals_to_the_whole_group_do_not_end_it(room):
    """Ctrl-C in a terminal, or a service that is stopped: the runs are to be saved first."""
    room.meet()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(room._process.pid, number)
    room.meet()


def test_a_paused_run_plays_on(host):
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, PAUSE)
    step = viewer.until(lambda meta: meta["status"] == "paused")["step"]
    host.post(token, PLAY)
    viewer.until(lambda meta: meta["step"] > step + 5)
