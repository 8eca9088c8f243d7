"""Headers of every answer: what they say, who may frame a page, and that nothing is held back by them."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from pages.live.server.security_headers import SecurityHeaders, checked_ancestors, inline_hashes, policy


async def fine(request):
    return PlainTextResponse("fine", headers={"X-Frame-Options": "ALLOWALL"})


async def broken(request):
    raise RuntimeError("at /text_run=abcdefghijklmnopqrstuv")


async def half(request):
    async def parts():
        yield b"one"
        raise RuntimeError("in the middle")

    return StreamingResponse(parts())


async def stream(websocket):
    await websocket.accept()
    await websocket.send_text("in")
    await websocket.close()


def client(ancestors="'self'", base="http://testserver"):
    routes = [Route("/fine", fine), Route("/broken", broken), Route("/half", half)]
    app = Starlette(
        routes=[*routes, WebSocketRoute("/socket", stream)],
        middleware=[Middleware(SecurityHeaders, ancestors)],
    )
    return TestClient(app, raise_server_exceptions=False, base_url=base)


@pytest.mark.parametrize(("path", "status"), [("/fine", 200), ("/nothing", 404), ("/broken", 500)])
def test_every_answer_has_them(path, status):
    answer = client().get(path)
    assert answer.status_code == status
    assert answer.headers.get_list("x-frame-options") == ["SAMEORIGIN"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    # browsers complain about it where they ignore it
    assert "cross-origin-opener-policy" not in answer.headers


def test_an_error_tells_nothing():
    assert "text_run" not in client().get("/broken").text


def test_an_answer_that_breaks_in_its_middle_is_not_answered_twice():
    assert client().get("/half").text in ("", "one")


def test_over_tls_the_window_is_kept_apart():
    answer = client(base="https://testserver").get("/fine")
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_sockets_pass():
    with client().websocket_connect("/socket") as socket:
        assert socket.receive_text() == "in"


def test_each_part_of_an_answer_leaves_when_it_is_there():
    """What the app sends arrives before it sends the next: nothing is collected."""
    arrived = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": number < 2})
            assert len(arrived) == number + 2

    async def send(message):
        arrived.append(message)

    asyncio.run(SecurityHeaders(app)({"type": "http", "scheme": "http"}, None, send))
    assert [message.get("body") for message in arrived] == [None, b"0", b"1", b"2"]


def test_the_policy_lets_no_script_run_that_is_not_a_file_of_the_server():
    rules = dict(rule.split(" ", 1) for rule in policy().split("; "))
    sources = rules["script-src"].split()
    assert not {"'unsafe-inline'", "'unsafe-eval'", "'wasm-unsafe-eval'", "data:", "*", "https:"} & set(
        sources
    )
    assert [re.sub("-.*", "", source) for source in sources[2:]] == ["'sha256"] * len(sources[2:])
    assert rules["object-src"] == rules["frame-src"] == "'none'"
    assert rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'self'"


def test_hashes_are_those_that_browsers_compute():
    page = b"<script>alert('Hello, world.');</script><script src='x.js'></script>"
    assert inline_hashes(page) == ["'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"]


@pytest.mark.parametrize(
    ("ancestors", "frame_options"),
    [
        ("'self'", "SAMEORIGIN"),
        ("'none'", "DENY"),
        ("https://lms.example", None),
        ("'self' https://*.school.example:8443", None),
        ("*", None),
    ],
)
def test_who_may_frame_a_page(ancestors, frame_options):
    headers = client(ancestors).get("/fine").headers
    assert headers["content-security-policy"].endswith(f"frame-ancestors {ancestors}")
    assert headers.get("x-frame-options") == frame_options


BAD_ANCESTORS = [
    "",
    " ",
    "self",
    "none",
    "'unsafe-inline'",
    "https://a.example; script-src *",
    "https://a.example, https://b.example",
    "https://a.example\r\nSet-Cookie: a=b",
    "https://a.example\n",
    "'self'\t*",
    "'none' https://a.example",
    "https://a.example/path",
    "javascript:0",
    "data:",
    "https://a.example\u2028",
    "https://exämple",
]


@pytest.mark.parametrize("text", BAD_ANCESTORS)
def test_nobody_writes_another_rule_or_header(text):
    with pytest.raises(ValueError, match="LSTM_FRAME_ANCESTORS"):
        checked_ancestors(text)


@given(st.text(max_size=60))
def test_whatever_is_taken_is_one_rule(text):
    try:
        taken = checked_ancestors(text)
    except ValueError:
        return
    assert re.fullmatch(r"[A-Za-z0-9:/.*' -]+", taken)
