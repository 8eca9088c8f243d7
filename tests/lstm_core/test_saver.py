"""The saver, and the memory that it gives back."""

import threading

from lstm_core.heap import give_back
from lstm_core.saver import Saver
from lstm_core.store import Store
from tests.lstm_core.acting import CONFIG
from tests.lstm_core.hosting import eventually
from tests.lstm_core.saving import trained

RUN = "ab" * 16


def test_memory_is_given_back_when_a_run_has_left_and_only_then(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("lstm_core.saver.give_back", lambda: given.append(1))
    saver, written = Saver(Store(tmp_path)), threading.Event()
    saver.put(RUN, trained(CONFIG, 3).save(), lambda trouble: written.set())
    assert written.wait(30)
    assert given == []
    saver.forget(RUN)
    eventually(lambda: given == [1], "it is given back")
    saver.put(RUN, trained(CONFIG, 3).save(), lambda trouble: None)
    saver.forget(RUN)  # perhaps before it is written
    eventually(lambda: given == [1, 1], "it is given back again")
    saver.close()


def test_giving_back_does_no_harm_anywhere(monkeypatch):
    give_back()

    def windows(name):
        raise TypeError("bad argument type for built-in operation")

    monkeypatch.setattr("lstm_core.heap.ctypes.CDLL", windows)
    give_back()
