"""The live channel's routes: who is let in, what is answered, and that nothing stays behind."""

import asyncio
import json
import threading
import time
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit import config as streamlit_config

from lstm_core.config import ModelConfig, RunConfig, SeriesConfig, TrainConfig
from lstm_core.config.server_settings import Limits
from lstm_core.frames.frame import Frame
from pages.live.routes import routes
from pages.live.server import assets
from pages.live.server.assets import PLOTLY_VERSION, VERSION
from pages.live.server.request_guard import WRONG_KEY, origin_allowed
from pages.live.server.slots import Bell
from pages.live.server.socket import BAD_MESSAGES, MESSAGE_LIMIT, _parse
from pages.live.server.state import HOST, LIMITS

SMALL = RunConfig(SeriesConfig(), ModelConfig(hidden_size=8), TrainConfig(sequence_length=16))
SOCKET = "/live/socket"


@pytest.fixture(scope="module")
def client():
    with TestClient(Starlette(routes=routes())) as client:
        yield client


@pytest.fixture
def token():
    return HOST.open(SMALL)


@pytest.fixture(autouse=True)
def held_back(monkeypatch):
    """Seconds for which answers to wrong keys were held back, none of which really pass."""
    seconds = []
    wait = asyncio.sleep

    async def sleep(delay):
        if delay == WRONG_KEY:
            seconds.append(delay)
        else:
            await wait(delay)

    monkeypatch.setattr("pages.live.server.socket.sleep", sleep)
    return seconds


def hello(socket, token):
    socket.send_text(json.dumps({"type": "hello", "token": token}))


def receive(socket):
    """The next message that is not about what the server knows of the run: a frame, or a dict."""
    while True:
        message = socket.receive()
        if message.get("bytes") is not None:
            return message["bytes"]
        if message["type"] != "websocket.send":
            return message
        if (said := json.loads(message["text"])).get("type") != "facts":
            return said


def next_frame(socket):
    """Meta of the next frame, with what the server has said of the run since; errors are raised."""
    facts = {}
    while "bytes" not in (message := socket.receive()):
        said = json.loads(message["text"])
        assert said["type"] == "facts", said
        facts = said["facts"]
    frame = Frame.decode(message["bytes"])
    socket.send_text('{"type": "ready"}')
    return frame.meta | facts


def wait_for(socket, condition):
    """The first frame of the next few hundred for which the condition holds."""
    for _ in range(500):
        meta = next_frame(socket)
        if condition(meta):
            return meta
    raise AssertionError("no such frame came")


def closed_with(socket):
    """The code with which the server closes, after whatever it still has to say."""
    while (message := socket.receive())["type"] != "websocket.close":
        pass
    return message["code"]


def test_frames_come_after_hello_and_the_step_counter_rises(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        first = wait_for(socket, lambda meta: meta["step"] > 0)
        assert wait_for(socket, lambda meta: meta["step"] > first["step"])["status"] == "training"


def test_messages_reach_the_run(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        socket.send_text('{"type": "pause"}')
        paused = wait_for(socket, lambda meta: meta["status"] == "paused")
        socket.send_text('{"type": "knob", "name": "learning_rate", "value": 0.125}')
        socket.send_text('{"type": "step"}')
        stepped = wait_for(socket, lambda meta: meta["step"] > paused["step"])
        assert (stepped["step"], stepped["learning_rate"]) == (paused["step"] + 1, 0.125)


def test_a_setting_is_answered_by_its_number(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        for number, value in ((1, 0.125), (2, -1), (3, 0.25)):
            message = {"type": "knob", "name": "learning_rate", "value": value, "number": number}
            socket.send_text(json.dumps(message))
        while True:
            said = json.loads(socket.receive().get("text", "{}"))
            if said.get("type") == "facts" and said["facts"]["answered"] == 3:
                break
        assert said["facts"]["settings"]["knob"]["learning_rate"] == 0.25


def test_no_second_frame_before_the_first_is_answered(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        first = Frame.decode(receive(socket)).meta
        # an error that the server answers at once shows that no frame stands in line before it
        socket.send_text("nonsense")
        assert receive(socket)["type"] == "error"
        socket.send_text('{"type": "ready"}')
        assert Frame.decode(receive(socket)).meta["step"] >= first["step"]


@pytest.mark.parametrize("token", ["", "x", "../..", "0" * 5000, None, 7, {"a": 1}])
def test_an_unknown_token_is_gone_and_who_guesses_does_so_slowly(client, token, held_back):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        assert receive(socket) == {"type": "gone"}
    assert held_back == [WRONG_KEY]


def test_one_tampered_letter_is_enough(client, token):
    tampered = ("b" if token[0] == "a" else "a") + token[1:]
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, tampered)
        assert receive(socket) == {"type": "gone"}


@pytest.mark.parametrize("first", ["", "null", "[]", "{", '{"type": "ready"}', '"hello"', "[" * 10_000])
def test_who_does_not_say_hello_is_shown_the_door(client, first):
    with client.websocket_connect(SOCKET) as socket:
        socket.send_text(first)
        message = socket.receive()
        text = message.get("text")
        assert message["type"] == "websocket.close" or json.loads(text)["type"] == "gone"


def test_a_huge_message_closes_the_socket_and_leaves_the_run_alone(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        next_frame(socket)
        socket.send_text("x" * (MESSAGE_LIMIT + 1))
        assert closed_with(socket) == 1009
    assert HOST.knows(token)


def test_a_binary_message_closes_the_socket(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        socket.send_bytes(b"\0\1\2")
        assert closed_with(socket) == 1003


BAD = [
    "{",
    "[]",
    '{"type": 1}',
    '{"type": "knob"}',
    '{"type": "knob", "name": "learning_rate", "value": "fast"}',
    '{"type": "knob", "name": "learning_rate", "value": NaN}',
    '{"type": "knob", "name": "learning_rate", "value": 1e999}',
    '{"type": "knob", "name": "batch_size", "value": 1000000000}',
    '{"type": "knob", "name": "batch_size", "value": true}',
    '{"type": "knob", "name": "__class__", "value": 1}',
    '{"type": "view", "name": "layer", "value": -1}',
    '{"type": "view", "name": "prompt", "value": {"a": 1}}',
    '{"type": "configure", "config": {}}',
]


def test_malformed_messages_are_answered_and_change_nothing(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        next_frame(socket)
        for message in BAD:
            socket.send_text(message)
            while isinstance(answer := receive(socket), bytes):
                pass
            assert answer["type"] == "error"
            assert answer["message"]
        socket.send_text('{"type": "ready"}')
        assert wait_for(socket, lambda meta: meta["step"] > 0)["status"] == "training"


def test_too_many_malformed_messages_close_the_socket(client, token):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        for _ in range(BAD_MESSAGES):
            socket.send_text("{")
        assert closed_with(socket) == 1008


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["knob", "view", "hands", "find", "play", "hello", "ready"]),
    st.sampled_from(["noise", "prompt", "unit", "at", "f", "off", "x"]),
    JSON,
)
def test_no_message_harms_the_run(client, token, kind, name, value):
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        socket.send_text(json.dumps({"type": kind, "name": name, "value": value}))
        socket.send_text("{")  # answered last
        while True:
            answer = socket.receive()
            if "text" in answer and "not JSON" in answer["text"]:
                break
        socket.send_text('{"type": "ready"}')
        assert "step" in Frame.decode(receive(socket)).meta


def test_closing_leaves_no_viewer(client, token):
    before = HOST.stats()["viewers"]
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        next_frame(socket)
        assert HOST.stats()["viewers"] == before + 1
    gone = threading.Event()
    for _ in range(200):
        if HOST.stats()["viewers"] == before:
            break
        gone.wait(0.02)
    assert HOST.stats()["viewers"] == before


def test_another_site_is_not_let_in(client, token):
    elsewhere = {"origin": "http://evil.example"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=elsewhere):
        pass


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("https://school.example", "school.example", True),
        (None, "127.0.0.1:8501", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8501", False),
        ("https://school.example.evil.example", "school.example", False),
        ("null", "127.0.0.1:8501", False),
        ("", "127.0.0.1:8501", False),
        ("http://[", "127.0.0.1:8501", False),
    ],
)
def test_origins(origin, host, allowed):
    assert origin_allowed(origin, host) is allowed


def test_health(client):
    health = client.get("/api/health").json()
    assert health["status"] == "ok"
    assert {"runs", "viewers", "steps_per_second"} <= set(health)


def test_files(client):
    script = client.get(f"/live/static/{VERSION}/channel.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert "immutable" not in client.get("/live/static/0/channel.js").headers.get("cache-control", "")


def test_plotly_is_served_without_the_function_around_it(client):
    installed = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    served = client.get(f"/live/plotly/{PLOTLY_VERSION}.js").text
    licence, script = served.split('"use strict";', 1)
    assert installed.startswith(licence.rstrip())
    assert "MIT license" in licence
    assert script in installed
    assert script.endswith("window.Plotly = Plotly;")
    assert len(installed) - len(served) < 500


@pytest.mark.parametrize("script", [b"", b"/* 1 */ var Plotly=1;", b"(function(){return 1}());"])
def test_a_script_of_another_shape_is_served_as_it_is(script):
    assert assets._unwrapped(script) == script


@pytest.mark.parametrize("name", ["nothing.js", "channel.py", "..%2fchannel.py", "%2e%2e/%2e%2e/app.py"])
def test_other_files_are_not_served(client, name):
    assert client.get(f"/live/static/{VERSION}/{name}").status_code == 404


@pytest.fixture
def base_path():
    """`server.baseUrlPath` "class" for this test: the base path in front of a route."""
    streamlit_config.set_option("server.baseUrlPath", "class")
    yield "/class"
    streamlit_config.set_option("server.baseUrlPath", "")


def test_every_route_stands_under_the_base_path(base_path):
    with TestClient(Starlette(routes=routes())) as client:
        assert client.get(f"{base_path}/api/health").json()["status"] == "ok"
        assert client.get(f"{base_path}/live/static/{VERSION}/live.css").status_code == 200
        with client.websocket_connect(f"{base_path}/live/socket") as socket:
            hello(socket, "x")
            assert receive(socket) == {"type": "gone"}


def test_a_flood_is_read_slowly(client, token):
    """More than a page ever sends waits in the sender's own socket."""
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        start = time.monotonic()
        for _ in range(2 * LIMITS.messages + 10):
            socket.send_text('{"type": "play"}')
        socket.send_text("{")  # answered last
        while isinstance(receive(socket), bytes):
            pass
        assert time.monotonic() - start > 1


def test_a_message_to_a_run_that_sleeps_keeps_nobody_waiting(client, token, monkeypatch):
    """It is read from the disk in another thread than the one that serves all sockets."""
    asked = []
    monkeypatch.setattr(HOST, "post_at_once", lambda *message: False)
    monkeypatch.setattr(HOST, "post", lambda *message: asked.append(threading.current_thread().name))
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, token)
        next_frame(socket)
        socket.send_text('{"type": "play"}')
        socket.send_text("{")  # answered last
        while isinstance(receive(socket), bytes):
            pass
    assert len(asked) == 1
    assert "AnyIO worker" in asked[0]


# followers


def test_a_follower_sees_and_cannot_touch(client, token):
    code = HOST.sharing.share(token)
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, code)
        assert next_frame(socket)["followers"] == 1
        wait_for(socket, lambda meta: meta["step"] > 0)
        socket.send_text('{"type": "reset"}')
        while isinstance(message := receive(socket), bytes):
            socket.send_text('{"type": "ready"}')
        assert "only who shares it" in message["message"]
        wait_for(socket, lambda meta: meta["step"] > 0)


def test_when_the_sharing_ends_followers_are_told(client, token):
    code = HOST.sharing.share(token)
    with client.websocket_connect(SOCKET) as socket:
        hello(socket, code)
        next_frame(socket)
        HOST.sharing.unshare(token)
        while isinstance(message := receive(socket), bytes):
            pass
        assert message == {"type": "gone"}
        assert closed_with(socket) == 1000


def test_no_message_outlives_its_answer_since_it_may_hold_a_token():
    text = json.dumps({"type": "hello", "token": "x"})
    assert _parse(text) is not _parse(text)


def test_over_the_limit_it_is_said(client, token, monkeypatch):
    monkeypatch.setattr(HOST.placement.subscribers, "limits", Limits(viewers=1))
    with client.websocket_connect(SOCKET) as first, client.websocket_connect(SOCKET) as second:
        hello(first, token)
        next_frame(first)
        hello(second, token)
        assert "server is full" in receive(second)["message"]
        assert closed_with(second) == 1013


def test_frames_that_come_together_wake_the_loop_once():
    calls = []

    class Loop:
        def call_soon_threadsafe(self, callback):
            calls.append(callback)

    class Event:
        def __init__(self):
            self.sets = 0

        def set(self):
            self.sets += 1

    bell, events = Bell(Loop()), [Event() for _ in range(5)]
    for event in events:
        bell.ring(event)
    assert len(calls) == 1
    calls.pop()()
    assert [event.sets for event in events] == [1] * 5
    bell.ring(events[0])
    assert len(calls) == 1
