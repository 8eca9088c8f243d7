"""RunFiles: what was saved comes back, and whatever happens to the files, a good save does."""

import errno
import hashlib
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_core.storage.checkpoint import Saved, to_bytes
from lstm_core.storage.run_files import FEW, RunFiles
from lstm_core.storage.run_folder import STATES
from lstm_core.storage.store import Store
from tests.amount import times
from tests.lstm_core.acting import CONFIG
from tests.lstm_core.saving import same, saves

RUN = hashlib.sha256(b"a run").hexdigest()[:32]
OTHER = hashlib.sha256(b"another").hexdigest()[:32]


@pytest.fixture
def files(tmp_path):
    return RunFiles(Store(tmp_path / "data"))


def newest(files, run=RUN):
    """The state file that was written last."""
    return max((files.folder / run / name for name in STATES), key=lambda path: path.stat().st_mtime_ns)


def test_what_was_saved_comes_back(files):
    for saved in saves(4):
        files.write(RUN, saved)
        read, trouble = files.read(RUN)
        assert same(read, saved)
        assert trouble == ""


def test_another_process_reads_it_and_goes_on_saving(files):
    first, second, third = saves(3)
    files.write(RUN, first)
    files.write(RUN, second)
    later = RunFiles(Store(files.folder))
    assert Store(files.folder).has(RUN)
    assert not Store(files.folder).has(OTHER)
    read, _ = later.read(RUN)
    assert same(read, second)
    later.write(RUN, third)
    assert same(RunFiles(Store(files.folder)).read(RUN)[0], third)


def test_a_snapshot_is_written_once_and_goes_when_nobody_needs_it(files):
    first, second = saves(2)
    files.write(RUN, first)
    written = {path.name: path.stat().st_mtime_ns for path in (files.folder / RUN).glob("*.snapshot")}
    assert len(written) == len(first.snapshots)
    files.write(RUN, second)
    for name, when in written.items():
        assert (files.folder / RUN / name).stat().st_mtime_ns == when
    few = replace(second, snapshots=second.snapshots[-1:])
    files.write(RUN, few)
    files.write(RUN, few)  # the save before does not need the others any more, either
    assert len(list((files.folder / RUN).glob("*.snapshot"))) == 1


def snapshots_there(files):
    return {int(path.stem) for path in (files.folder / RUN).glob("*.snapshot")}


def test_what_only_the_older_save_needs_goes_also_when_the_run_was_read_in_between(files):
    first, second = saves(2)
    files.write(RUN, first)
    files.write(RUN, replace(second, snapshots=second.snapshots[:1]))
    later = RunFiles(Store(files.folder))  # of the next process
    read, _ = later.read(RUN)
    assert snapshots_there(files) > {0}  # the older save is still whole
    later.write(RUN, read)
    assert snapshots_there(files) == {0}


def test_snapshots_of_a_save_that_was_never_finished_go_with_the_next_one(files):
    first, second = saves(2)
    files.write(RUN, first)
    known = snapshots_there(files)
    (files.folder / RUN / "900.snapshot").write_bytes(b"half of it")  # of a process that was killed
    later = RunFiles(Store(files.folder))
    later.write(RUN, replace(second, snapshots=()))  # and this one has not even read it
    assert snapshots_there(files) == known  # of the save before
    later.write(RUN, replace(second, snapshots=()))
    assert snapshots_there(files) == set()


def test_a_run_that_was_deleted_meanwhile_is_saved_whole(files):
    first, second = saves(2)
    files.write(RUN, first)
    Store(files.folder).delete(RUN)  # by another process
    files.write(RUN, second)
    assert same(RunFiles(Store(files.folder)).read(RUN)[0], second)


def test_a_machine_that_goes_off_finds_all_that_the_newest_save_needs(files, monkeypatch):
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
        before = snapshots_there(files)
        files.write(RUN, saved)
        place = files.folder / RUN
        named = done.index(("replace", inodes["state"]))
        assert done.index(("sync", inodes["state"])) < named
        new = snapshots_there(files) - before
        assert new
        for number in new:
            assert done.index(("sync", (place / f"{number}.snapshot").stat().st_ino)) < named
        assert ("sync", place.stat().st_ino) in done[named:]
        assert (("sync", files.folder.stat().st_ino) in done) == (saved is first)  # when its folder was made


def test_a_snapshot_that_may_not_be_on_the_disk_is_written_anew(files, monkeypatch):
    first, second = saves(2)
    files.write(RUN, first)
    before = snapshots_there(files)

    def fails(number):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="Input/output"):
            files.write(RUN, second)
    assert snapshots_there(files) == before
    assert not (files.folder / RUN / "fresh").exists()
    files.write(RUN, second)
    assert same(RunFiles(Store(files.folder)).read(RUN)[0], second)


def test_an_unknown_run_is_not_there(files):
    assert not Store(files.folder).has(RUN)
    with pytest.raises(KeyError):
        files.read(RUN)


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "gone", "text"])
def test_a_damaged_save_is_reported_and_the_one_before_is_used(files, damage):
    first, second = saves(2)
    files.write(RUN, first)
    files.write(RUN, second)
    path = newest(files)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "text": b"nonsense"}.get(damage, data))
    if damage == "gone":
        path.unlink()
    read, trouble = RunFiles(Store(files.folder)).read(RUN)
    assert [one.step for one in read.snapshots] == [one.step for one in first.snapshots]
    assert to_bytes(read) == to_bytes(first)
    assert ("damaged" in trouble) == (damage != "gone")


def test_when_both_saves_are_damaged_it_is_said(files):
    for saved in saves(2):
        files.write(RUN, saved)
    for name in STATES:
        (files.folder / RUN / name).write_bytes(b"\0" * 100)
    with pytest.raises(ValueError, match="damaged"):
        files.read(RUN)


def test_a_damaged_snapshot_is_left_out(files):
    (saved,) = saves(1)
    files.write(RUN, saved)
    path = sorted((files.folder / RUN).glob("*.snapshot"))[1]
    path.write_bytes(path.read_bytes()[:-3])
    read, _ = RunFiles(Store(files.folder)).read(RUN)
    assert len(read.snapshots) == len(saved.snapshots) - 1
    assert to_bytes(read) == to_bytes(saved)


def test_random_damage_never_gives_anything_but_a_good_save_or_a_sentence(files):
    first, second = saves(2)
    files.write(RUN, first)
    files.write(RUN, second)
    whole = {path: path.read_bytes() for path in (files.folder / RUN).iterdir()}
    rng = random.Random(5)
    for _ in range(times(30, 300)):
        for path, data in whole.items():
            path.write_bytes(data)
        for path in rng.sample(sorted(whole), rng.randint(1, 3)):
            data = bytearray(whole[path])
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
        try:
            read, _ = RunFiles(Store(files.folder)).read(RUN)
        except ValueError:
            continue
        assert to_bytes(read) in (to_bytes(first), to_bytes(second))


@pytest.mark.parametrize("fails", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_save_before(files, monkeypatch, fails):
    first, second, third = saves(3)
    files.write(RUN, first)

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
            files.write(RUN, second)
    assert not (files.folder / RUN / "fresh").exists()  # half a file would take the room of others
    assert same(RunFiles(Store(files.folder)).read(RUN)[0], first)
    files.write(RUN, third)
    assert same(RunFiles(Store(files.folder)).read(RUN)[0], third)


def test_killed_between_two_files_the_save_before_is_whole(files, monkeypatch):
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
    files.write(RUN, first)
    before = len(calls)
    files.write(RUN, second)
    for die in range(1, len(calls) - before + 1):
        other = RunFiles(Store(files.folder.parent / f"data{die}"))
        other.write(RUN, first)
        calls.clear()
        die_at = die
        with pytest.raises(KilledError):
            other.write(RUN, second)
        die_at = 0
        read, trouble = RunFiles(Store(other.folder)).read(RUN)
        assert same(read, first) or same(read, second)
        assert trouble == ""


def test_the_config_that_was_saved_is_the_one_that_is_read(files):
    files.write(RUN, Saved(CONFIG, {}))
    assert files.read(RUN)[0].config == CONFIG


def test_a_young_run_s_snapshots_follow_bit_by_bit(files):
    (saved,) = saves(1)
    assert len(saved.snapshots) > 2 * FEW
    counts = []
    while not counts or counts[-1] < len(saved.snapshots):
        files.write(RUN, saved, few=True)
        read, _ = RunFiles(Store(files.folder)).read(RUN)
        assert to_bytes(read) == to_bytes(saved)
        counts.append(len(read.snapshots))
        steps = [snapshot.step for snapshot in read.snapshots]
        assert steps == sorted(steps)
        assert steps[-1] == saved.snapshots[-1].step  # the newest first, so that no long stretch is missing
    assert counts[:2] == [FEW, 2 * FEW]
    assert same(RunFiles(Store(files.folder)).read(RUN)[0], saved)
