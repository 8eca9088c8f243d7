"""Store: what was saved comes back, and whatever happens to the files, a good save does."""

import errno
import hashlib
import os
import random
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_core.storage.checkpoint import Saved, to_bytes
from lstm_core.storage.retention import MANY_SAVES
from lstm_core.storage.store import FEW, STATES, Store
from tests.amount import times
from tests.lstm_core.acting import CONFIG, go, make

RUN = hashlib.sha256(b"a run").hexdigest()[:32]
OTHER = hashlib.sha256(b"another").hexdigest()[:32]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


def saves(count):
    """A run saved again and again as it goes on."""
    run, clock = make()
    found = []
    for _ in range(count):
        go(run, clock, 0.2)
        found.append(run.save())
    return found


def same(one: Saved, other: Saved) -> bool:
    steps = [[snapshot.step for snapshot in saved.snapshots] for saved in (one, other)]
    return to_bytes(one) == to_bytes(other) and steps[0] == steps[1]


def newest(store, run=RUN):
    """The state file that was written last."""
    return max((store.folder / run / name for name in STATES), key=lambda path: path.stat().st_mtime_ns)


def test_what_was_saved_comes_back(store):
    for saved in saves(4):
        store.write(RUN, saved)
        read, trouble = store.read(RUN)
        assert same(read, saved)
        assert trouble == ""


def test_another_process_reads_it_and_goes_on_saving(store):
    first, second, third = saves(3)
    store.write(RUN, first)
    store.write(RUN, second)
    later = Store(store.folder)
    assert later.has(RUN)
    assert not later.has(OTHER)
    read, _ = later.read(RUN)
    assert same(read, second)
    later.write(RUN, third)
    assert same(Store(store.folder).read(RUN)[0], third)


def test_a_snapshot_is_written_once_and_goes_when_nobody_needs_it(store):
    first, second = saves(2)
    store.write(RUN, first)
    written = {path.name: path.stat().st_mtime_ns for path in (store.folder / RUN).glob("*.snapshot")}
    assert len(written) == len(first.snapshots)
    store.write(RUN, second)
    for name, when in written.items():
        assert (store.folder / RUN / name).stat().st_mtime_ns == when
    few = replace(second, snapshots=second.snapshots[-1:])
    store.write(RUN, few)
    store.write(RUN, few)  # the save before does not need the others any more, either
    assert len(list((store.folder / RUN).glob("*.snapshot"))) == 1


def snapshots_there(store):
    return {int(path.stem) for path in (store.folder / RUN).glob("*.snapshot")}


def test_what_only_the_older_save_needs_goes_also_when_the_run_was_read_in_between(store):
    first, second = saves(2)
    store.write(RUN, first)
    store.write(RUN, replace(second, snapshots=second.snapshots[:1]))
    later = Store(store.folder)  # of the next process
    read, _ = later.read(RUN)
    assert snapshots_there(store) > {0}  # the older save is still whole
    later.write(RUN, read)
    assert snapshots_there(store) == {0}


def test_snapshots_of_a_save_that_was_never_finished_go_with_the_next_one(store):
    first, second = saves(2)
    store.write(RUN, first)
    known = snapshots_there(store)
    (store.folder / RUN / "900.snapshot").write_bytes(b"half of it")  # of a process that was killed
    later = Store(store.folder)
    later.write(RUN, replace(second, snapshots=()))  # and this one has not even read it
    assert snapshots_there(store) == known  # of the save before
    later.write(RUN, replace(second, snapshots=()))
    assert snapshots_there(store) == set()


def test_a_run_that_was_deleted_meanwhile_is_saved_whole(store):
    first, second = saves(2)
    store.write(RUN, first)
    Store(store.folder).delete(RUN)  # by another process
    store.write(RUN, second)
    assert same(Store(store.folder).read(RUN)[0], second)


def test_a_machine_that_goes_off_finds_all_that_the_newest_save_needs(store, monkeypatch):
    """What a save names is on the disk before the save is, and the names of both are."""
    first, second = saves(2)
    done = []
    inodes = {}
    real_sync, real_replace = os.fsync, Path.replace

    def sync(number):
        done.append(("sync", os.fstat(number).st_ino))
        real_sync(number)

    def move(path, target):
        done.append(("replace", path.stat().st_ino))
        inodes["state"] = path.stat().st_ino
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", move)
    for saved in (first, second):
        done.clear()
        before = snapshots_there(store)
        store.write(RUN, saved)
        place = store.folder / RUN
        named = done.index(("replace", inodes["state"]))
        assert done.index(("sync", inodes["state"])) < named
        new = snapshots_there(store) - before
        assert new
        for number in new:
            assert done.index(("sync", (place / f"{number}.snapshot").stat().st_ino)) < named
        assert ("sync", place.stat().st_ino) in done[named:]
        assert (("sync", store.folder.stat().st_ino) in done) == (saved is first)  # when its folder was made


def test_a_snapshot_that_may_not_be_on_the_disk_is_written_anew(store, monkeypatch):
    first, second = saves(2)
    store.write(RUN, first)
    before = snapshots_there(store)

    def fails(number):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="Input/output"):
            store.write(RUN, second)
    assert snapshots_there(store) == before
    assert not (store.folder / RUN / "fresh").exists()
    store.write(RUN, second)
    assert same(Store(store.folder).read(RUN)[0], second)


def test_an_unknown_run_is_not_there(store):
    assert not store.has(RUN)
    with pytest.raises(KeyError):
        store.read(RUN)


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "gone", "text"])
def test_a_damaged_save_is_reported_and_the_one_before_is_used(store, damage):
    first, second = saves(2)
    store.write(RUN, first)
    store.write(RUN, second)
    path = newest(store)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "text": b"nonsense"}.get(damage, data))
    if damage == "gone":
        path.unlink()
    read, trouble = Store(store.folder).read(RUN)
    assert [one.step for one in read.snapshots] == [one.step for one in first.snapshots]
    assert to_bytes(read) == to_bytes(first)
    assert ("damaged" in trouble) == (damage != "gone")


def test_when_both_saves_are_damaged_it_is_said(store):
    for saved in saves(2):
        store.write(RUN, saved)
    for name in STATES:
        (store.folder / RUN / name).write_bytes(b"\0" * 100)
    with pytest.raises(ValueError, match="damaged"):
        store.read(RUN)


def test_a_damaged_snapshot_is_left_out(store):
    (saved,) = saves(1)
    store.write(RUN, saved)
    path = sorted((store.folder / RUN).glob("*.snapshot"))[1]
    path.write_bytes(path.read_bytes()[:-3])
    read, _ = Store(store.folder).read(RUN)
    assert len(read.snapshots) == len(saved.snapshots) - 1
    assert to_bytes(read) == to_bytes(saved)


def test_random_damage_never_gives_anything_but_a_good_save_or_a_sentence(store):
    first, second = saves(2)
    store.write(RUN, first)
    store.write(RUN, second)
    files = {path: path.read_bytes() for path in (store.folder / RUN).iterdir()}
    rng = random.Random(5)
    for _ in range(times(30, 300)):
        for path, data in files.items():
            path.write_bytes(data)
        for path in rng.sample(sorted(files), rng.randint(1, 3)):
            data = bytearray(files[path])
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
        try:
            read, _ = Store(store.folder).read(RUN)
        except ValueError:
            continue
        assert to_bytes(read) in (to_bytes(first), to_bytes(second))


@pytest.mark.parametrize("fails", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_save_before(store, monkeypatch, fails):
    first, second, third = saves(3)
    store.write(RUN, first)

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if fails == "write":
            patch.setattr(Path, "write_bytes", full)
        elif fails == "fsync":
            patch.setattr(os, "fsync", full)
        else:
            patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space"):
            store.write(RUN, second)
    assert not (store.folder / RUN / "fresh").exists()  # half a file would take the room of others
    assert same(Store(store.folder).read(RUN)[0], first)
    store.write(RUN, third)
    assert same(Store(store.folder).read(RUN)[0], third)


def test_killed_between_two_files_the_save_before_is_whole(store, monkeypatch):
    """As if the process had ended just before any one of its calls that change the disk."""
    first, second = saves(2)

    class KilledError(BaseException):
        pass

    calls = []

    def counted(owner, name):
        real = getattr(owner, name)

        def call(*arguments, **options):
            calls.append(name)
            if len(calls) == die_at:
                raise KilledError
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, call)

    die_at = 0
    counted(os, "fsync")
    for name in ("write_bytes", "replace", "unlink"):
        counted(Path, name)
    store.write(RUN, first)
    before = len(calls)
    store.write(RUN, second)
    for die in range(1, len(calls) - before + 1):
        other = Store(store.folder.parent / f"data{die}")
        other.write(RUN, first)
        calls.clear()
        die_at = die
        with pytest.raises(KilledError):
            other.write(RUN, second)
        die_at = 0
        read, trouble = Store(other.folder).read(RUN)
        assert same(read, first) or same(read, second)
        assert trouble == ""


def test_codes_outlive_the_process(store):
    (saved,) = saves(1)
    store.write(RUN, saved)
    store.set_code(RUN, "ABCDEFGH")
    assert Store(store.folder).codes() == {"ABCDEFGH": RUN}
    store.set_code(RUN, None)
    store.set_code(RUN, None)
    assert Store(store.folder).codes() == {}


def test_what_is_old_goes_and_what_is_in_use_stays(store):
    (saved,) = saves(1)
    for run in (RUN, OTHER):
        store.write(run, saved)
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
        store.write(run, saved)
        for path in (store.folder / run).iterdir():
            os.utime(path, (time.time() - 100 * age, time.time() - 100 * age))
    stats = store.stats()
    assert stats["saved_runs"] == 4
    store.most_mb = sum(path.stat().st_size for path in store.folder.rglob("*.*")) / 2e6
    store.clean(lambda: {runs[3]})
    assert [store.has(run) for run in runs] == [True, False, False, True]


def test_hardly_trained_runs_make_room_for_those_that_somebody_has_trained(store):
    (saved,) = saves(1)
    store.write(RUN, saved)
    for _ in range(MANY_SAVES - 1):
        store.write(RUN, replace(saved, snapshots=saved.snapshots[:1]))
    for path in (store.folder / RUN).iterdir():
        os.utime(path, (time.time() - 1000, time.time() - 1000))
    flood = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(4)]
    for run in flood:
        store.write(run, saved)
    size = sum(path.stat().st_size for path in (store.folder / flood[0]).iterdir())
    store.most_mb = 3.5 * size / 1e6
    store.clean(set)
    assert store.has(RUN)
    assert 0 < sum(store.has(run) for run in flood) < 4


@pytest.mark.parametrize("when", [1, 2])
def test_a_run_that_comes_into_use_while_room_is_made_stays(store, when):
    """Somebody opens it after the folder was looked through, and even when it is already set aside."""
    first, second = saves(2)
    store.write(RUN, first)
    store.write(RUN, second)
    store.most_mb = 0
    asked = []

    def in_use():
        asked.append(store.has(RUN))
        return {RUN} if len(asked) > when else set()

    store.clean(in_use)
    assert asked == [True, True, False][: when + 1]
    assert same(Store(store.folder).read(RUN)[0], second)
    store.clean(set)
    assert not store.has(RUN)
    assert list(store.folder.iterdir()) == []


def test_a_run_that_was_used_after_the_folder_was_looked_through_stays(store):
    """By a process of whose runs the one that cleans has not heard yet."""
    (saved,) = saves(1)
    store.write(RUN, saved)
    for path in (store.folder / RUN).iterdir():
        os.utime(path, (1e9, 1e9))

    def in_use():
        Store(store.folder).read(RUN)
        return set()

    store.clean(in_use)
    assert store.has(RUN)


def test_a_run_that_is_set_aside_can_be_read_and_is_not_deleted_then(store):
    (saved,) = saves(1)
    store.write(RUN, saved)
    store.most_mb = 0
    asked = []

    def in_use():
        asked.append(1)
        if len(asked) == 3:
            assert not store.has(RUN)
            assert same(Store(store.folder).read(RUN)[0], saved)
            return {RUN}
        return set()

    store.clean(in_use)
    assert len(asked) == 3
    assert store.has(RUN)


def test_a_run_is_deleted_at_once_and_what_a_killed_process_left_of_it_later(store, monkeypatch):
    (saved,) = saves(1)
    store.write(RUN, saved)
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
    store.write(RUN, saved)
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


def test_the_config_that_was_saved_is_the_one_that_is_read(store):
    store.write(RUN, Saved(CONFIG, {}))
    assert store.read(RUN)[0].config == CONFIG


def test_a_young_run_s_snapshots_follow_bit_by_bit(store):
    (saved,) = saves(1)
    assert len(saved.snapshots) > 2 * FEW
    counts = []
    while not counts or counts[-1] < len(saved.snapshots):
        store.write(RUN, saved, few=True)
        read, _ = Store(store.folder).read(RUN)
        assert to_bytes(read) == to_bytes(saved)
        counts.append(len(read.snapshots))
        steps = [snapshot.step for snapshot in read.snapshots]
        assert steps == sorted(steps)
        assert steps[-1] == saved.snapshots[-1].step  # the newest first, so that no long stretch is missing
    assert counts[:2] == [FEW, 2 * FEW]
    assert same(Store(store.folder).read(RUN)[0], saved)


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
