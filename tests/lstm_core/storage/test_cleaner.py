"""The cleaner makes room when it is asked to, whatever happened before."""

import threading

import pytest

from lstm_core.storage import cleaner as module
from lstm_core.storage.cleaner import Cleaner
from lstm_core.storage.store import Store
from tests.lstm_core.hosting import eventually


class Looks(Store):
    """A store whose `clean` waits to be let go, and may fail."""

    def __init__(self, folder):
        super().__init__(folder)
        self.looks = 0
        self.go = threading.Semaphore(0)
        self.fail = None

    def clean(self, keep):
        self.looks += 1
        assert self.go.acquire(timeout=30)
        if self.fail:
            raise self.fail
        super().clean(keep)


@pytest.fixture
def store(tmp_path):
    return Looks(tmp_path)


@pytest.fixture
def cleaner(store, monkeypatch):
    monkeypatch.setattr(module, "SOON", 0.0)
    cleaner = Cleaner(store, set)
    cleaner.start()
    yield cleaner
    cleaner.close()
    store.go.release()


def test_who_asks_while_it_looks_is_heard(cleaner, store):
    eventually(lambda: store.looks == 1, "it looks")
    cleaner.soon()
    store.go.release()
    eventually(lambda: store.looks == 2, "it looks again")


@pytest.mark.parametrize("error", [OSError("no such folder"), RuntimeError("a fault")])
def test_a_look_that_fails_is_not_the_last_one(cleaner, store, error):
    eventually(lambda: store.looks == 1, "it looks")
    store.fail = error
    store.go.release()
    cleaner.soon()
    eventually(lambda: store.looks == 2, "it looks again")
