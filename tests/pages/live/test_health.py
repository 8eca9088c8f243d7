"""What /api/health says: ok, degraded or down, with figures and without anything of a user's."""

import json
import threading
import time
from dataclasses import fields

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lstm_core.config import ModelConfig, RunConfig, SeriesConfig, TrainConfig
from lstm_core.config.server_settings import Limits
from lstm_core.server.host import RunHost
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store
from pages.live.routes import routes
from pages.live.server import health
from pages.live.server.health import Health, code_version, memory_mb

SMALL = RunConfig(SeriesConfig(), ModelConfig(hidden_size=8), TrainConfig(sequence_length=16))


@pytest.fixture
def limits(tmp_path):
    return Limits(data=tmp_path / "runs", save=0.1)


@pytest.fixture
def store(limits):
    return Store(limits.data)


@pytest.fixture
def host(limits, store):
    host = RunHost(limits, store)
    yield host
    host.close()


def wait_for(condition):
    end = time.monotonic() + 30
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end
        pause.wait(0.02)


def test_a_server_that_is_well_says_so_with_its_figures(host, store, limits):
    token = host.open(SMALL)
    host.watch(token, lambda frame: None)
    wait_for(lambda: host.stats()["last_save"])
    status, said = Health(host, store, limits).report()
    assert (status, said["status"], said["problems"]) == (200, "ok", [])
    assert (said["runs"], said["viewers"], said["waiting"], said["asleep"], said["followers"]) == (
        1,
        1,
        0,
        0,
        0,
    )
    assert said["saved_runs"] == 1
    assert said["last_save_age"] >= 0
    assert said["save_errors"] == 0
    assert said["memory_mb"] > 50
    assert said["data_free_mb"] > 0
    assert said["uptime_seconds"] > 0
    assert "steps_per_second" in said


def test_it_can_be_asked_over_the_network_and_is_never_kept():
    with TestClient(Starlette(routes=routes())) as client:
        answer = client.get("/api/health")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["status"] == "ok"


def test_no_key_no_text_and_no_path_stand_in_it(host, store, limits):
    token = host.open(SMALL)
    code = host.sharing.share(token)
    said = json.dumps(Health(host, store, limits).report()[1])
    for secret in (token, code, str(limits.data), "'self'"):
        assert secret not in said


def test_every_limit_that_is_a_number_is_told(host, store, limits):
    told = Health(host, store, limits).report()[1]["limits"]
    numbers = {spec.metadata["variable"] for spec in fields(Limits) if "low" in spec.metadata}
    assert set(told) == numbers
    assert told["LSTM_SAVE_SECONDS"] == 0.1


def test_saves_that_fail_are_a_reason_to_look_but_not_to_send_people_away(host, store, limits, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFiles, "write", full)
    token = host.open(SMALL)
    wait_for(lambda: host.stats()["saving_fails"])
    status, said = Health(host, store, limits).report()
    assert (status, said["status"]) == (200, "degraded")
    assert said["save_errors"] >= 1
    assert said["problems"] == ["Runs cannot be saved; the log says why."]
    assert said["last_save_age"] is None
    assert token not in json.dumps(said)


def test_a_server_that_cannot_save_at_all_says_so(limits):
    host = RunHost(limits, None)
    try:
        status, said = Health(host, None, limits).report()
    finally:
        host.close()
    assert (status, said["status"]) == (200, "degraded")
    assert "LSTM_DATA" in said["problems"][0]


def test_a_disk_that_is_almost_full_is_said_before_it_is(host, store, limits, monkeypatch):
    monkeypatch.setattr(store, "stats", lambda: {"saved_runs": 1, "data_mb": 3.0, "data_free_mb": 7})
    said = Health(host, store, limits).report()[1]
    assert said["status"] == "degraded"
    assert "almost full" in said["problems"][0]


def test_a_data_folder_that_is_gone_breaks_nothing(host, store, limits):
    store.folder.rmdir()
    status, said = Health(host, store, limits).report()
    assert status == 200
    assert "data_mb" not in said


def test_where_nothing_can_train_it_is_down(host, store, limits):
    host.close()
    status, said = Health(host, store, limits).report()
    assert (status, said["status"]) == (503, "down")
    assert said["problems"]


def test_a_dead_thread_is_noticed(host, store, limits, monkeypatch):
    monkeypatch.setattr(host.housekeeping, "_work", lambda: None)  # a thread that ends
    host.watch(host.open(SMALL), lambda frame: None)
    wait_for(lambda: not host.stats()["works"])
    assert Health(host, store, limits).report()[0] == 503


def test_the_sizes_of_files_are_not_read_for_every_question(host, store, limits, monkeypatch):
    asked = []
    monkeypatch.setattr(store, "stats", lambda: asked.append(1) or {"data_free_mb": 10_000})
    one = Health(host, store, limits)
    for _ in range(20):
        one.report()
    assert len(asked) == 1


def test_the_version_is_that_of_the_sources(tmp_path, monkeypatch):
    assert code_version() == code_version()
    for folder in ("pages", "lstm_core"):
        (tmp_path / folder).mkdir()
    (tmp_path / "app.py").write_text("a")
    (tmp_path / "pages" / "text.py").write_text("b")
    monkeypatch.setattr(health, "ROOT", tmp_path)
    before = code_version()
    (tmp_path / "pages" / "notes.txt").write_text("not code")
    assert code_version() == before
    (tmp_path / "pages" / "text.py").write_text("c")
    assert code_version() != before


def test_memory_is_known_without_proc(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    known = memory_mb()
    monkeypatch.setattr(health.Path, "read_text", missing)
    assert memory_mb() >= known * 0.9
