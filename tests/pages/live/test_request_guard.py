"""What comes from elsewhere or asks for too much is refused, on every route and every socket."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit import config as streamlit_config

from pages.live.routes import routes
from pages.live.server import assets, request_guard
from pages.live.server.request_guard import (
    ADDRESS_LIMIT,
    BODY_LIMIT,
    HEADERS_LIMIT,
    RequestGuard,
    origin_allowed,
)

EVIL = "http://evil.example"
OWN = "http://testserver"  # what the test client calls itself


async def change(request):
    return PlainTextResponse(str(len(await request.body())))


async def stream(websocket):
    await websocket.accept()
    await websocket.send_text("in")
    await websocket.close()


@pytest.fixture(scope="module")
def client():
    every = [
        *routes(),
        Route("/change", change, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        Route("/_stcore/upload_file/{session}/{file}", change, methods=["PUT"]),
        WebSocketRoute("/_stcore/stream", stream),
    ]
    with TestClient(Starlette(routes=every, middleware=[Middleware(RequestGuard)])) as client:
        yield client


@pytest.fixture
def allow():
    """allow(origin, …): `server.corsAllowedOrigins` for this test."""
    before = streamlit_config.get_option("server.corsAllowedOrigins")

    def allow(*origins):
        streamlit_config.set_option("server.corsAllowedOrigins", list(origins))

    yield allow
    streamlit_config.set_option("server.corsAllowedOrigins", before)


# -- which origins are ours ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501"),
        ("http://localhost:8501", "localhost:8501"),
        ("https://school.example", "school.example"),
        ("https://school.example", "school.example:443"),
        ("https://school.example:443", "school.example"),
        ("http://school.example", "school.example:80"),
        ("https://School.Example", "school.EXAMPLE"),
        ("http://[::1]:8501", "[::1]:8501"),
        ("http://[0:0:0:0:0:0:0:1]:8501", "[0:0:0:0:0:0:0:1]:8501"),
        ("https://xn--schler-5ya.example", "xn--schler-5ya.example"),
        ("https://school.example/", "school.example"),
        (None, "school.example"),  # no browser
        (None, None),
    ],
)
def test_our_own_pages_are_let_in(origin, host):
    assert origin_allowed(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "school.example"),
        ("null", ""),
        ("null", None),
        ("", ""),
        ("http://", ""),
        ("http:///", None),
        ("http://127.0.0.1:8502", "127.0.0.1:8501"),
        ("http://localhost:8501", "127.0.0.1:8501"),
        ("http://school.example", "school.example:443"),
        ("https://school.example", "school.example:80"),
        ("https://school.example.evil.example", "school.example"),
        ("https://evil-school.example", "school.example"),
        ("https://evil.example/school.example", "school.example"),
        ("https://evil.example#school.example", "school.example"),
        ("https://evil.example?school.example", "school.example"),
        ("https://school.example@evil.example", "school.example"),
        ("https://evil.example@school.example", "school.example"),
        ("https://school.example:x@evil.example", "school.example"),
        ("https://evil.example\\@school.example", "school.example"),
        ("https://school.example, https://evil.example", "school.example"),
        ("https://school.example https://evil.example", "school.example"),
        ("file://", "school.example"),
        ("file://school.example", "school.example"),
        ("chrome-extension://school.example", "school.example"),
        ("javascript:0", "school.example"),
        ("//school.example", "school.example"),
        ("school.example", "school.example"),
        ("http://[", "school.example"),
        ("http://[::1]:8501", "::1:8501"),
        ("http://school.example:99999", "school.example:99999"),
        ("http://school.example:x", "school.example:x"),
        ("https://a..example", "a..example"),
    ],
)
def test_others_are_not(origin, host):
    assert not origin_allowed(origin, host)


def test_a_page_without_tls_may_not_use_a_socket_with_it():
    assert origin_allowed("https://school.example", "school.example", "wss")
    assert not origin_allowed("http://school.example", "school.example", "wss")
    # a proxy that encrypts and does not say so
    assert origin_allowed("https://school.example", "school.example", "ws")


def test_listed_origins_are_let_in_as_they_are_listed(allow):
    allow("https://lms.example", "https://schüler.example:8443/")
    assert origin_allowed("https://lms.example", "school.example", "wss")
    assert origin_allowed("https://LMS.example:443", "school.example")
    assert origin_allowed("https://xn--schler-5ya.example:8443", "school.example")
    assert not origin_allowed("http://lms.example", "school.example")
    assert not origin_allowed("https://xn--schler-5ya.example", "school.example")
    assert not origin_allowed("https://www.lms.example", "school.example")


def test_a_list_with_nonsense_in_it_lets_nobody_in(allow):
    allow("*", "null", "", "https://")
    for origin in ("null", "", "*", EVIL, "https://"):
        assert not origin_allowed(origin, "school.example")


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_origin_and_no_host_raise(origin, host):
    origin_allowed(origin, host)
    origin_allowed(f"https://{origin}", host)


# -- every door checks it --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/live/socket", "/_stcore/stream"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://testserver:9999"},
        {"origin": EVIL, "x-forwarded-host": "evil.example"},
        {"origin": EVIL, "forwarded": "host=evil.example"},
        {"origin": EVIL, "x-original-host": "evil.example", "x-host": "evil.example"},
    ],
)
def test_no_socket_opens_for_another_site(client, path, headers):
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(path, headers=headers):
        pass
    assert refused.value.code == 1008


@pytest.mark.parametrize("path", ["/_stcore/stream", "/live/socket"])
@pytest.mark.parametrize("origin", [OWN, None])
def test_sockets_open_for_our_own_pages(client, path, origin):
    headers = {"origin": origin} if origin else {}
    with client.websocket_connect(path, headers=headers) as socket:
        if path == "/_stcore/stream":
            assert socket.receive_text() == "in"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_request_that_changes_something_comes_from_another_site(client, method):
    for headers in (
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": EVIL, "x-forwarded-host": "evil.example"},
    ):
        assert client.request(method, "/change", headers=headers).status_code == 403
    assert client.request(method, "/change", headers={"origin": OWN}).status_code == 200


@pytest.mark.parametrize("path", ["/live/film", "/live/export"])
def test_nothing_is_made_to_download_for_another_site(client, path, monkeypatch):
    monkeypatch.setattr("pages.live.server.downloads.WRONG_KEY", 0)
    body = {"token": "x" * 22, "what": "run"}
    assert client.post(path, json=body, headers={"origin": EVIL}).status_code == 403
    assert client.post(path, json=body, headers={"origin": OWN}).status_code == 404
    # a form is all that a page elsewhere could send without asking first
    assert client.post(path, data=body, headers={"origin": OWN}).status_code == 400


def test_two_origins_are_none(client):
    headers = [("origin", OWN), ("origin", EVIL)]
    assert client.post("/change", headers=headers).status_code == 403


def test_reading_is_open(client):
    assert client.get("/change", headers={"origin": EVIL}).status_code == 200
    assert client.get("/api/health", headers={"origin": EVIL}).status_code == 200


# -- too much --------------------------------------------------------------------------------------------


def test_a_long_address_is_refused(client):
    assert client.get("/change?" + "x" * ADDRESS_LIMIT).status_code == 414
    assert client.get("/" + "x" * ADDRESS_LIMIT).status_code == 414


def test_long_headers_are_refused(client):
    assert client.get("/change", headers={"x": "x" * HEADERS_LIMIT}).status_code == 431
    assert client.get("/change", headers={f"x{n}": "x" * 40 for n in range(800)}).status_code == 431
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/live/socket", headers={"cookie": "x" * HEADERS_LIMIT}),
    ):
        pass


def test_a_body_is_read_no_further_than_its_limit(client):
    assert client.post("/change", content=b"x" * BODY_LIMIT).text == str(BODY_LIMIT)
    assert client.post("/change", content=b"x" * (BODY_LIMIT + 1)).status_code == 413
    # nobody knows how long it will be
    assert client.post("/change", content=iter([b"x"] * 10)).status_code == 411


@pytest.mark.parametrize("length", ["-1", "1e3", "", "x", "9" * 5000, "٣"])
def test_a_length_that_is_none_is_refused(length):
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/live/film",
        "query_string": b"",
        "headers": [(b"content-length", length.encode())],
    }
    refusal = request_guard._refusal(scope)
    assert refusal is not None
    assert refusal[0] == 413


def test_an_upload_has_its_own_limit(client):
    assert client.put("/_stcore/upload_file/a/b", content=b"x" * (BODY_LIMIT + 1)).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"[" * 900, b'{"token": ["x"]}', b'{"token": 7}', b"\xff\xfe", b"null"]
)
def test_a_request_for_a_film_that_is_none_meets_a_sentence(client, body):
    answer = client.post("/live/film", content=body)
    assert answer.status_code == 400
    assert answer.text.startswith("A request for a film is")


def test_nobody_can_fill_the_log_and_it_quotes_nobody(client, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            client.post("/change?text_run=secret", headers={"origin": "http://a-name-to-remember.example"})
    lines = [record for record in caplog.records if record.name == request_guard.__name__]
    assert len(lines) <= 2
    assert "remember" not in caplog.text
    assert "secret" not in json.dumps([record.__dict__ for record in lines], default=str)


# -- paths -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../app.py",
        "..%2f..%2fapp.py",
        "%2e%2e/%2e%2e/app.py",
        "%252e%252e%252fapp.py",
        "..\\..\\app.py",
        "channel.js%00.css",
        "%00",
        "/etc/passwd",
        "//etc/passwd",
        "channel.py",
        "live.css/../../app.py",
        "C:%5Capp.py",
        ".",
        "..",
        "channel.js/",
        "é.js",
    ],
)
def test_only_the_pages_own_files_are_served(client, name):
    answer = client.get(f"/live/static/{assets.VERSION}/{name}", follow_redirects=False)
    assert answer.status_code in (307, 404)
    assert "import" not in answer.text
    assert "root:" not in answer.text
