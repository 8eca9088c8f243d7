"""Fixtures of the tests of Run and RunHost."""

import logging

import pytest

from lstm_core.config.server_settings import Limits
from lstm_core.runtime.run import Run
from lstm_core.server.host import RunHost
from tests.lstm_core.acting import Spy


@pytest.fixture
def spy(monkeypatch):
    monkeypatch.setattr(Spy, "runs", [], raising=False)
    monkeypatch.setattr(Spy, "made", [], raising=False)
    monkeypatch.setattr(Spy, "fail", None)
    monkeypatch.setattr("lstm_core.experiments.network.Trainer", Spy)
    logging.getLogger("lstm_core.runtime.run").disabled = True
    yield Spy
    logging.getLogger("lstm_core.runtime.run").disabled = False


@pytest.fixture
def runs(monkeypatch):
    """Every Run that has had a turn, in the order of their first ones."""
    made = []

    class Kept(Run):
        turns = 0

        def work(self, seconds):
            self.turns += 1
            if self.turns == 1:
                made.append(self)
            return super().work(seconds)

    monkeypatch.setattr("lstm_core.runtime.worker.Run", Kept)
    return made


@pytest.fixture
def open_host():
    hosts = []

    def make(max_runs=64, idle=600.0, save=0.2, viewers=1000, followers=300, **options):
        limits = Limits(runs=max_runs, idle=idle, save=save, viewers=viewers, followers=followers)
        hosts.append(RunHost(limits, **{"workers": 2} | options))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def quiet():
    logger = logging.getLogger("lstm_core.server.subscribers")
    logger.disabled = True
    yield
    logger.disabled = False


@pytest.fixture
def quiet_saver():
    loggers = [
        logging.getLogger(name)
        for name in ("lstm_core.storage.save_queue", "lstm_core.storage.store", "lstm_core.runtime.worker")
    ]
    for logger in loggers:
        logger.disabled = True
    yield
    for logger in loggers:
        logger.disabled = False
