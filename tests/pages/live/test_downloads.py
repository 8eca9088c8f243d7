"""Files that are made on request: a wrong key is answered late, and the queue has an end."""

import asyncio
import json
import threading
from unittest.mock import AsyncMock

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.live.film.route import FILM
from pages.live.server import downloads
from pages.live.server.downloads import UNDER_WAY, Download, File, text_of
from pages.live.server.export import EXPORT
from pages.live.server.request_guard import WRONG_KEY


def read(asked):
    return text_of(asked["token"])


def make(key):
    return File("a.txt", {"good": b"its file"}[key], "text/plain")


def routed(download):
    return Starlette(routes=[Route("/file", download.answer, methods=["POST"])])


@pytest.fixture
def slept(monkeypatch):
    """Seconds that answers were held back for, none of which really pass."""
    seconds = []

    async def sleep(delay):
        seconds.append(delay)

    monkeypatch.setattr(downloads, "sleep", sleep)
    return seconds


@pytest.mark.parametrize("download", [EXPORT, FILM], ids=["export", "film"])
def test_a_wrong_key_is_answered_as_late_as_on_the_socket(download, slept):
    with TestClient(routed(download)) as client:
        answer = client.post("/file", json={"token": "K7QM3XWD", "what": "run"})
    assert answer.status_code == 404
    assert "gone" in answer.text
    assert slept == [WRONG_KEY]


def test_a_right_key_is_answered_at_once(slept):
    with TestClient(routed(Download("", read, make))) as client:
        assert client.post("/file", json={"token": "good"}).content == b"its file"
    assert slept == []


def test_whoever_comes_when_many_wait_is_told_so_whatever_the_key():
    go = threading.Event()

    def make_when_allowed(key):
        assert go.wait(60)
        return make(key)

    download = Download("", read, make_when_allowed)

    def post(key):
        body = {"type": "http.request", "body": json.dumps({"token": key}).encode()}
        receive = AsyncMock(return_value=body)
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        return asyncio.create_task(download.answer(request))

    async def crowd():
        asked = [post("good") for _ in range(UNDER_WAY + 1)]
        refused, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        refused = [*(await asyncio.gather(*refused)), await post("bad")]
        go.set()
        return refused, await asyncio.gather(*waiting), await post("good")

    refused, made, later = asyncio.run(crowd())
    assert [one.status_code for one in refused] == [503, 503]
    assert all(b"Try again" in one.body and one.headers["retry-after"] for one in refused)
    assert [one.status_code for one in made] == [200] * UNDER_WAY
    assert later.status_code == 200
