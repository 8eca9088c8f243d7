"""RunHost and its store: runs that come back after a sleep, a crash, a full disk; with real threads."""

import errno
import threading
from dataclasses import replace

import pytest

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.config.access_keys import run_id
from lstm_core.config.server_settings import Limits
from lstm_core.server.host import RunHost
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.run_folder import STATES
from lstm_core.storage.store import Damaged, Store
from lstm_core.training.trainer import Trainer
from tests.lstm_core.hosting import PAUSE, PLAY, STEP, TINY, Viewer, eventually, trains


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def saving(open_host, folder):
    """saving(**options) → a host on the folder; as often as the server starts anew."""
    return lambda **options: open_host(store=Store(folder), **options)


def full_disk(monkeypatch):
    """From now on the disk is full, until the event that is returned is cleared."""
    real, full = RunFiles.write, threading.Event()
    full.set()

    def write(self, run, saved, few=False):
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, run, saved, few)

    monkeypatch.setattr(RunFiles, "write", write)
    return full


def saved_at_least(folder, token, step):
    """Wait until a save on the disk has come so far; returns that save."""
    found = []

    def reached():
        try:
            found.append(RunFiles(Store(folder)).read(run_id(token))[0])
        except (KeyError, ValueError):
            return False
        return found[-1].steps >= step

    eventually(reached, f"step {step} is saved")
    return found[-1]


def test_a_new_run_is_saved_at_once(saving, folder):
    token = saving().open(TINY)
    eventually(lambda: Store(folder).has(run_id(token)), "it is saved")
    host = saving()
    assert host.knows(token)
    assert host.config(token) == TINY
    assert Viewer(host, token).until(trains)["hidden_size"] == TINY.model.hidden_size


def test_after_a_crash_it_goes_on_from_the_last_save_bit_for_bit(saving, folder):
    host = saving()
    token = host.open(TINY)
    Viewer(host, token).steps(50)
    saved = saved_at_least(folder, token, 30)
    # the first host is not closed: it goes on as it would have, and the second one knows nothing of it
    viewer = Viewer(saving(), token)
    first = viewer.draw()
    assert first["step"] >= saved.steps
    viewer.steps(60)
    trainer = Trainer(TINY)
    expected = {step: trainer.step() for step in range(1, viewer.drawn[-1]["step"] + 1)}
    assert all(expected[meta["step"]] == meta["loss"] for meta in viewer.drawn if meta["step"])


def test_live_settings_and_pauses_are_kept(saving, folder):
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, {"type": "knob", "name": "learning_rate", "value": 0.123})
    host.post(token, {"type": "view", "name": "probe", "value": "cat"})
    host.post(token, PAUSE)
    viewer.until(lambda meta: meta["status"] == "paused")
    eventually(
        lambda: RunFiles(Store(folder)).read(run_id(token))[0].config.view.probe == "cat", "it is saved"
    )
    again = saving()
    assert again.config(token).knobs.learning_rate == 0.123
    meta = Viewer(again, token).draw()
    assert (meta["status"], meta["labels"]) == ("paused", ["c", "a", "t"])


def test_an_idle_run_sleeps_and_wakes_where_it_was(saving):
    host = saving(idle=0.1, lease=0.0)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(40)
    viewer.leave()
    eventually(lambda: host.stats()["runs"] == 0 and not list(host._sessions), "it is out of memory")
    assert host.knows(token)
    again = Viewer(host, token)
    assert again.draw()["step"] >= 40
    again.steps(10)


def test_a_page_in_the_background_sleeps_and_wakes_when_it_draws_again(saving):
    host = saving(idle=0.1)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(20)
    eventually(lambda: host.stats()["runs"] == 0, "its run sleeps, since it draws nothing")
    assert host.stats()["viewers"] == 1
    step = viewer.drawn[-1]["step"]
    viewer.until(lambda meta: meta["step"] > step + 20)


def test_a_paused_page_wakes_its_run_with_a_button(saving):
    host = saving(idle=0.1)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, PAUSE)
    step = viewer.until(lambda meta: meta["status"] == "paused")["step"]
    eventually(lambda: host.stats()["runs"] == 0, "it sleeps")
    host.post(token, STEP)
    viewer.until(lambda meta: meta["step"] == step + 1)
    host.post(token, PLAY)
    viewer.until(lambda meta: meta["step"] > step + 5)


def test_who_makes_room_for_another_is_not_lost(saving):
    host = saving(max_runs=1, lease=0.0)
    first = host.open(TINY)
    viewer = Viewer(host, first)
    viewer.steps(30)
    viewer.leave()
    second = Viewer(host, host.open(TINY))
    second.until(trains)
    assert host.stats()["runs"] == 1
    second.leave()
    again = Viewer(host, first)
    assert again.until(trains)["step"] >= 30


def test_a_full_disk_is_said_and_the_run_goes_on_and_is_saved_later(saving, folder, monkeypatch, quiet_saver):
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.hear(lambda facts: facts["saved"])
    full = full_disk(monkeypatch)
    monkeypatch.setattr("lstm_core.runtime.autosave.AGAIN", 0.1)
    monkeypatch.setattr("lstm_core.runtime.worker.AGAIN", 0.1)
    meta = viewer.until(lambda meta: meta["trouble"])
    assert "No space left on device" in meta["trouble"]
    assert host.stats()["save_errors"] > 0
    viewer.steps(20)
    full.clear()
    viewer.until(lambda meta: not meta["trouble"])
    saved_at_least(folder, token, meta["step"])


def with_a_damaged_save(saving, folder):
    """Token of a run whose newest save is cut off, and whose host is closed."""
    host = saving()
    token = host.open(TINY)
    Viewer(host, token).steps(30)
    saved_at_least(folder, token, 20)
    host.close()
    paths = [folder / run_id(token) / name for name in STATES]
    newest = max(paths, key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-9])
    return token


def test_a_damaged_save_is_said_and_the_one_before_is_used(saving, folder, quiet_saver):
    token = with_a_damaged_save(saving, folder)
    Viewer(saving(), token).hear(lambda facts: "damaged" in facts["trouble"])


def test_when_nothing_can_be_read_the_viewers_are_told(saving, folder, quiet_saver):
    host = saving()
    token = host.open(TINY)
    saved_at_least(folder, token, 0)
    host.close()
    for name in STATES:
        (folder / run_id(token) / name).write_bytes(b"nothing")
    again = saving()
    told = []
    again.watch(token, told.append)
    eventually(lambda: told[-1:] == [b""], "there will be no frames")
    with pytest.raises(Damaged, match="damaged"):
        again.config(token)


def test_closing_saves_the_last_steps(saving, folder):
    host = saving(save=1000.0)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(50)
    host.close()
    assert RunFiles(Store(folder)).read(run_id(token))[0].steps >= viewer.drawn[-1]["step"]


def test_a_copy_is_exact_and_goes_its_own_way(saving):
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(30)
    host.post(token, PAUSE)
    step = viewer.until(lambda meta: meta["status"] == "paused")["step"]
    copy = host.copy(token)
    assert host.save(copy).blobs == host.save(token).blobs
    other = Viewer(host, copy)
    assert other.draw()["step"] == step
    host.post(copy, PLAY)
    other.until(lambda meta: meta["step"] > step + 10)
    host.post(token, STEP)
    assert viewer.until(lambda meta: meta["step"] > step)["step"] == step + 1


def test_a_copy_begins_in_the_present(saving):
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(30)
    host.post(token, {"type": "view", "name": "at", "value": 5})
    viewer.until(lambda meta: meta["at"] == 5)
    assert host.config(host.copy(token)).view.at is None
    assert host.config(token).view.at == 5


def test_a_saved_run_can_be_adopted(saving):
    host = saving()
    token = host.open(TINY)
    Viewer(host, token).steps(30)
    adopted = host.adopt(host.save(token))
    assert adopted != token
    assert Viewer(host, adopted).draw()["step"] >= 30


def test_without_a_store_a_run_is_gone_when_it_is_idle(open_host):
    host = open_host(idle=0.1, lease=0.0)
    token = host.open(TINY)
    eventually(lambda: not host.knows(token), "it is forgotten")


def test_too_large_a_network_is_refused(tmp_path):
    host = RunHost(Limits(parameters=1_000))
    big = RunConfig(TINY.task, ModelConfig(hidden_size=64), TINY.train)
    with pytest.raises(ValueError, match=r"1,000"):
        host.open(big)
    token = host.open(TINY)
    with pytest.raises(ValueError, match=r"1,000"):
        host.configure(token, big)
    host.close()


def test_the_generation_counts_networks(saving):
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    assert viewer.until(trains)["generation"] == host.generation(token)
    before = host.generation(token)
    bigger = replace(TINY, model=ModelConfig(hidden_size=9))
    host.configure(token, bigger)
    assert host.config(token) == bigger
    viewer.until(lambda meta: meta["generation"] == before + 1)
    assert host.generation(token) == before + 1


def test_a_young_run_that_is_paused_and_sleeps_keeps_all_of_its_history(saving):
    host = saving(idle=0.3, lease=0.0)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(60)
    host.post(token, PAUSE)
    before = viewer.until(lambda meta: meta["status"] == "paused")["history"]
    viewer.leave()
    eventually(lambda: not list(host._sessions), "it is out of memory")
    assert Viewer(host, token).draw()["history"] == before


def test_what_was_left_for_later_is_saved_also_when_the_run_rests(saving, folder):
    host = saving(save=0.1)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(60)
    host.post(token, PAUSE)
    history = viewer.until(lambda meta: meta["status"] == "paused")["history"]

    def whole():
        saved, _ = RunFiles(Store(folder)).read(run_id(token))
        return [snapshot.step for snapshot in saved.snapshots] == history

    eventually(whole, "all snapshots are on the disk")


def test_a_run_that_sleeps_while_the_disk_is_full_is_not_lost(saving, folder, monkeypatch, quiet_saver):
    full = full_disk(monkeypatch)
    monkeypatch.setattr("lstm_core.storage.save_queue.AGAIN", 0.1)
    monkeypatch.setattr("lstm_core.runtime.autosave.AGAIN", 0.1)
    host = saving(idle=0.1, lease=0.0)
    token = host.open(TINY)
    viewer = Viewer(host, token)
    step = viewer.steps(40)["step"]
    viewer.leave()
    eventually(lambda: host.stats()["save_errors"], "it is nowhere on the disk")
    eventually(lambda: host.stats()["runs"] + host.stats()["resting"] == 0, "it has given its place back")
    assert host.knows(token)
    full.clear()
    assert saved_at_least(folder, token, step)
    assert Viewer(host, token).draw()["step"] >= step


def test_a_run_that_woke_can_be_branched_and_filmed_before_its_first_turn(saving, folder):
    host = saving()
    token = host.open(TINY)
    viewer = Viewer(host, token)
    viewer.steps(30)
    host.post(token, PAUSE)
    history = viewer.until(lambda meta: meta["status"] == "paused")["history"]
    host.close()
    assert len(saving().film(token)) == len(history)
    again = saving()
    assert Viewer(again, again.branch(token, 10)).draw()["step"] >= 10


def test_a_damaged_save_is_said_for_a_while(saving, folder, quiet_saver):
    token = with_a_damaged_save(saving, folder)
    viewer = Viewer(saving(), token)
    viewer.draw()
    assert "damaged" in viewer.hear(lambda facts: facts["saved"])["trouble"]


def test_what_nobody_has_looked_at_leaves_the_memory_soon(saving, monkeypatch):
    monkeypatch.setattr("lstm_core.server.admission.UNSEEN", 0.1)
    host = saving(idle=3600.0)
    token = host.open(TINY)
    copy = host.adopt(host.save(token))
    eventually(lambda: not list(host._sessions), "both are out of memory")
    assert host.knows(token)
    assert Viewer(host, copy).until(trains)
