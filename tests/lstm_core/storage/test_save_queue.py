"""The saver, and the memory that it gives back."""

import errno
import threading
from types import SimpleNamespace

import pytest

from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.save_queue import SaveQueue, give_back
from lstm_core.storage.store import Store
from tests.lstm_core.acting import CONFIG
from tests.lstm_core.hosting import eventually
from tests.lstm_core.saving import trained

RUN, OTHER = "ab" * 16, "cd" * 16


@pytest.fixture
def given(monkeypatch):
    """One for each time that memory was given back."""
    given = []
    monkeypatch.setattr("lstm_core.storage.save_queue.give_back", lambda: given.append(1))
    return given


@pytest.fixture
def saver(tmp_path):
    saver = SaveQueue(RunFiles(Store(tmp_path)))
    yield saver
    saver.close()


def write(saver, steps):
    written = threading.Event()
    saver.put(RUN, trained(CONFIG, steps).save(), lambda trouble: written.set())
    assert written.wait(30)


def test_memory_is_given_back_when_a_run_has_left_and_only_then(saver, given):
    for steps in (1, 2, 3):
        write(saver, steps)
    assert given == []  # the thread has gone round twice since the first one was written
    saver.forget(RUN)
    eventually(lambda: given == [1], "it is given back")
    saver.put(RUN, trained(CONFIG, 4).save(), lambda trouble: None)
    saver.forget(RUN)  # perhaps before it is written
    eventually(lambda: given == [1, 1], "it is given back again")


def test_memory_of_a_run_that_was_only_looked_at_is_given_back_too(saver, given):
    saver.forget(RUN)
    eventually(lambda: given == [1], "it is given back")


def test_whoever_cannot_be_told_keeps_nobody_from_being_saved(saver):
    def fails(trouble):
        raise RuntimeError("it is gone")

    saver.put(OTHER, trained(CONFIG, 1).save(), fails)
    write(saver, 2)
    assert Store(saver.files.folder).has(OTHER)
    assert Store(saver.files.folder).has(RUN)


def test_on_a_full_disk_last_saves_wait_in_memory_but_not_any_number_of_them(saver, monkeypatch):
    monkeypatch.setattr("lstm_core.storage.save_queue.MOST_AGAIN", 2)
    real, troubles = saver.files.write, {}

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(saver.files, "write", full)
    names, saved = [f"{number}" * 32 for number in range(4)], trained(CONFIG, 1).save()
    for name in names:
        saver.put(name, saved, lambda trouble, name=name: troubles.update({name: trouble}), last=True)
        saver.forget(name)
        eventually(lambda name=name: "No space" in troubles.get(name, ""), "it is said that it failed")
    assert [saver.pending(name) is saved for name in names] == [True, True, False, False]
    monkeypatch.setattr(saver.files, "write", real)
    saver.close()  # what still waits is tried once more
    assert [Store(saver.files.folder).has(name) for name in names] == [True, True, False, False]


def test_giving_back_asks_the_c_library_and_does_no_harm_elsewhere(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "lstm_core.storage.save_queue.ctypes.CDLL", lambda name: SimpleNamespace(malloc_trim=asked.append)
    )
    give_back()
    assert asked == [0]

    def windows(name):
        raise TypeError("bad argument type for built-in operation")

    monkeypatch.setattr("lstm_core.storage.save_queue.ctypes.CDLL", windows)
    give_back()
