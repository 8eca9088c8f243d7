"""Store: codes outlive a process, and room is made where nobody misses what was there."""

import hashlib
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_core.storage.retention import MANY_SAVES
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store
from tests.lstm_core.saving import same, saves

RUN = hashlib.sha256(b"a run").hexdigest()[:32]
OTHER = hashlib.sha256(b"another").hexdigest()[:32]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


def test_codes_outlive_the_process(store):
    (saved,) = saves(1)
    RunFiles(store).write(RUN, saved)
    store.set_code(RUN, "ABCDEFGH")
    assert Store(store.folder).codes() == {"ABCDEFGH": RUN}
    store.set_code(RUN, None)
    store.set_code(RUN, None)
    assert Store(store.folder).codes() == {}


def test_what_is_old_goes_and_what_is_in_use_stays(store):
    (saved,) = saves(1)
    for run in (RUN, OTHER):
        RunFiles(store).write(run, saved)
    long_ago = time.time() - 40 * 86_400
    for path in (store.folder / RUN).iterdir():
        os.utime(path, (long_ago, long_ago))
    store.clean(lambda: {RUN})
    assert store.has(RUN)
    store.clean(set)
    assert not store.has(RUN)
    assert store.has(OTHER)


def test_room_is_made_by_deleting_the_longest_unused(store):
    (saved,) = saves(1)
    runs = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(4)]
    for age, run in enumerate(runs):
        RunFiles(store).write(run, saved)
        for path in (store.folder / run).iterdir():
            os.utime(path, (time.time() - 100 * age, time.time() - 100 * age))
    stats = store.stats()
    assert stats["saved_runs"] == 4
    store.most_mb = sum(path.stat().st_size for path in store.folder.rglob("*.*")) / 2e6
    store.clean(lambda: {runs[3]})
    assert [store.has(run) for run in runs] == [True, False, False, True]


def test_hardly_trained_runs_make_room_for_those_that_somebody_has_trained(store):
    (saved,) = saves(1)
    RunFiles(store).write(RUN, saved)
    for _ in range(MANY_SAVES - 1):
        RunFiles(store).write(RUN, replace(saved, snapshots=saved.snapshots[:1]))
    for path in (store.folder / RUN).iterdir():
        os.utime(path, (time.time() - 1000, time.time() - 1000))
    flood = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(4)]
    for run in flood:
        RunFiles(store).write(run, saved)
    size = sum(path.stat().st_size for path in (store.folder / flood[0]).iterdir())
    store.most_mb = 3.5 * size / 1e6
    store.clean(set)
    assert store.has(RUN)
    assert 0 < sum(store.has(run) for run in flood) < 4


@pytest.mark.parametrize("when", [1, 2])
def test_a_run_that_comes_into_use_while_room_is_made_stays(store, when):
    """Somebody opens it after the folder was looked through, and even when it is already set aside."""
    first, second = saves(2)
    RunFiles(store).write(RUN, first)
    RunFiles(store).write(RUN, second)
    store.most_mb = 0
    asked = []

    def in_use():
        asked.append(store.has(RUN))
        return {RUN} if len(asked) > when else set()

    store.clean(in_use)
    assert asked == [True, True, False][: when + 1]
    assert same(RunFiles(store).read(RUN)[0], second)
    store.clean(set)
    assert not store.has(RUN)
    assert list(store.folder.iterdir()) == []


def test_a_run_that_was_used_after_the_folder_was_looked_through_stays(store):
    """By a process of whose runs the one that cleans has not heard yet."""
    (saved,) = saves(1)
    RunFiles(store).write(RUN, saved)
    for path in (store.folder / RUN).iterdir():
        os.utime(path, (1e9, 1e9))

    def in_use():
        RunFiles(store).read(RUN)
        return set()

    store.clean(in_use)
    assert store.has(RUN)


def test_a_run_that_is_set_aside_can_be_read_and_is_not_deleted_then(store):
    (saved,) = saves(1)
    RunFiles(store).write(RUN, saved)
    store.most_mb = 0
    asked = []

    def in_use():
        asked.append(1)
        if len(asked) == 3:
            assert not store.has(RUN)
            assert same(RunFiles(store).read(RUN)[0], saved)
            return {RUN}
        return set()

    store.clean(in_use)
    assert len(asked) == 3
    assert store.has(RUN)


def test_a_run_is_deleted_at_once_and_what_a_killed_process_left_of_it_later(store, monkeypatch):
    (saved,) = saves(1)
    RunFiles(store).write(RUN, saved)
    store.set_code(RUN, "ABCDEFGH")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *arguments, **options: None)
        store.delete(RUN)
    assert not store.has(RUN)
    assert store.codes() == {}
    assert store.stats()["saved_runs"] == 0
    store.clean(set)
    assert list(store.folder.iterdir()) == []


def test_the_folder_is_for_the_server_alone(store):
    (saved,) = saves(1)
    RunFiles(store).write(RUN, saved)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((store.folder / RUN).stat().st_mode) == 0o700


def test_strangers_in_the_folder_do_no_harm(store):
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / "lost+found").mkdir()
    store.clean(set)
    assert store.codes() == {}
    assert store.stats()["saved_runs"] == 0
    assert (store.folder / "notes.txt").exists()


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Store(tmp_path / "file" / "data")


def test_half_a_code_opens_nothing(store, monkeypatch):
    write = Path.write_text

    def half(self, text, *args, **kwargs):
        write(self, text[:3], *args, **kwargs)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space"):
        store.set_code(RUN, "ABCDEFGH")
    assert store.codes() == {}
    assert list(store.folder.glob("*/*code")) == []
    monkeypatch.undo()
    (store.folder / RUN / "code").write_text("")  # of a machine that went off in the middle
    assert store.codes() == {}
