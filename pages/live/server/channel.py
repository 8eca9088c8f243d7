"""The live channel: routes that stream frames to browsers and carry their messages back.

    GET  {base}/live/static/{version}/{file}   the pages' own JavaScript and CSS
    GET  {base}/live/plotly/{version}.js       Plotly's JavaScript, from the installed package
    WS   {base}/live/socket                    one socket a page
    POST {base}/live/film                      see pages/live/film
    GET  {base}/api/health, /api/health        for monitoring

On the socket the browser speaks first: {"type": "hello", "token": …}, with a token or a code. It comes in a
message, not in the address, so that no log holds it. Then every binary message is an encoded frame, and
{"type": "facts", "facts": {…}} what only the server knows of the run (`Session.facts`), when that changes.
The browser answers {"type": "ready", "wants": […]} when it has drawn a frame, and only then gets the next, which
is the newest: a slow browser skips frames, it never queues them.
"""

from __future__ import annotations

import asyncio
import atexit
import gzip
import hashlib
import json
import logging
import os
import re
import time
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from lstm_core.config.server_settings import Limits
from lstm_core.server.host import CLOSED, Full, RunHost
from lstm_core.storage.store import Store
from pages.live.server.health import Health
from pages.live.server.request_guard import origin_allowed
from pages.live.server.slots import Slot

LOG = logging.getLogger(__name__)
HELLO_SECONDS = 10  # to say hello after connecting
MESSAGE_LIMIT = 64_000  # characters in one message
BAD_MESSAGES = 50  # that one socket may send before it is closed
WRONG_KEY = 1.0  # seconds that whoever brings a key that opens nothing waits for the answer
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

LIMITS = Limits.from_environment(os.environ)


def _open_store() -> Store | None:
    try:
        return Store(LIMITS.data, LIMITS.data_mb, LIMITS.keep_days)
    except OSError as error:
        LOG.error("LSTM_DATA: %s cannot be written (%s), so that no run is saved", LIMITS.data, error)
        return None


# The one host of this process, shared by the pages and the routes.
STORE = _open_store()
HOST = RunHost(LIMITS, STORE, processes=LIMITS.training_processes)
HEALTH = Health(HOST, STORE, LIMITS)
# a thread that is still inside torch when the interpreter goes would abort the process
atexit.register(HOST.close)


def _load_assets() -> dict[str, tuple[bytes, str]]:
    """Every script and style sheet under pages/, by file name, with its media type."""
    root = Path(__file__).parents[2]
    paths = sorted(path for path in root.rglob("*") if path.suffix in TYPES)
    assets = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in paths}
    if len(assets) < len(paths):
        raise RuntimeError("two files under pages/ have the same name")
    return assets


ASSETS = _load_assets()
VERSION = hashlib.sha256(b"".join(content for content, _ in ASSETS.values())).hexdigest()[:12]
PLOTLY_VERSION = version("plotly")


def base_path() -> str:
    """`server.baseUrlPath` as it stands in front of a route: "" or "/name"."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def plotly_address() -> str:
    """Address of Plotly's JavaScript on this server."""
    return f"{base_path()}/live/plotly/{PLOTLY_VERSION}.js"


def routes() -> list[BaseRoute]:
    """The routes of this module, for `st.App`."""
    base = base_path()
    health_paths = {"/api/health", f"{base}/api/health"}
    return [
        *(Route(path, health) for path in sorted(health_paths)),
        Route(f"{base}/live/static/{{version}}/{{name}}", static),
        Route(plotly_address(), plotly_script),
        WebSocketRoute(f"{base}/live/socket", socket),
    ]


async def health(request: Request) -> Response:
    """How the server is; see health.py."""
    status, content = await run_in_threadpool(HEALTH.report)
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})


async def static(request: Request) -> Response:
    """One of the pages' own files. The version in its path changes whenever any of them changes."""
    content = ASSETS.get(request.path_params["name"])
    if content is None:
        return Response("There is no such file.", status_code=404)
    current = request.path_params["version"] == VERSION
    return Response(content[0], media_type=content[1], headers=FOREVER if current else {})


async def plotly_script(request: Request) -> Response:
    """The plotly.js that belongs to the installed plotly.py."""
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    encoding = {"Content-Encoding": "gzip"} if zipped else {}
    headers = {**FOREVER, **encoding, "Vary": "Accept-Encoding"}
    return Response(plotly_source(zipped), media_type=TYPES[".js"], headers=headers)


@cache
def plotly_source(zipped: bool, /) -> bytes:
    """Plotly's JavaScript, 4.8 MB; or zipped, once, what would take longer than sending it.

    Positional only: to the cache `zipped=True` would be another call than `True`.
    """
    source = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    source = _unwrapped(source)
    return gzip.compress(source, compresslevel=6) if zipped else source


def _unwrapped(source: bytes) -> bytes:
    """Plotly's script without the function around it that serves module loaders.

    Chromium reads the inside of such a function twice, which keeps the first chart waiting for 0.2 s. A
    script that is wrapped otherwise is left as it is.
    """
    parts = re.fullmatch(
        rb"(/\*.*?\*/\s*)\(\s*function\s?\(root, factory\).*?"
        rb"(\"use strict\";var Plotly=.*window\.Plotly = Plotly;)\s*return Plotly;\s*\}\)\);?\s*",
        source,
        re.DOTALL,
    )
    return parts[1] + parts[2] if parts else source


async def socket(websocket: WebSocket) -> None:
    """Serve one viewer from hello to goodbye."""
    if not origin_allowed(websocket.headers.get("origin"), websocket.headers.get("host")):
        await websocket.close(code=1008)
        return
    await websocket.accept()
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = _parse(await _receive(websocket))
        token = hello.get("token") if hello.get("type") == "hello" else None
        slot = Slot()
        try:
            viewer = HOST.watch(str(token), slot.put)
        except KeyError:
            # unknown, mistyped or forgotten: all the same to whoever asks
            await asyncio.sleep(WRONG_KEY)  # who guesses codes does it slowly
            await websocket.send_json({"type": "gone"})
            await websocket.close(code=1008)
            return
        except Full as full:
            await websocket.send_json({"type": "error", "message": str(full)})
            await websocket.close(code=1013)
            return
    except (TimeoutError, ValueError):
        await websocket.close(code=1008, reason="say hello first")
        return
    except WebSocketDisconnect:
        return
    sending = asyncio.create_task(_send(websocket, slot))
    try:
        await _listen(websocket, str(token), viewer)
    except WebSocketDisconnect:
        pass
    finally:
        HOST.unwatch(viewer)
        sending.cancel()


async def _listen(websocket: WebSocket, token: str, viewer: int) -> None:
    bad = read = 0
    second = time.monotonic()
    while True:
        text = await _receive(websocket)
        read += 1
        if read > LIMITS.messages:  # whoever sends more has to wait, not everybody else
            await asyncio.sleep(max(0.0, second + 1 - time.monotonic()))
        if time.monotonic() >= second + 1:
            second, read = time.monotonic(), 0
        try:
            message = _parse(text)
            if message.get("type") == "ready":
                wants = message.get("wants")
                HOST.ready(viewer, wants if isinstance(wants, list) else ())
            elif not HOST.post_at_once(token, message):
                # it is read from the disk, and nobody else shall wait for that
                await run_in_threadpool(HOST.post, token, message)
        except KeyError:
            await websocket.send_json({"type": "gone"})
            await websocket.close(code=1000)
            return
        except (ValueError, PermissionError) as error:
            bad += 1
            await websocket.send_json({"type": "error", "message": str(error)[:300]})
            if bad >= BAD_MESSAGES:
                await websocket.close(code=1008, reason="too many bad messages")
                return


async def _receive(websocket: WebSocket) -> str:
    """The next message. Raises WebSocketDisconnect when there is none, or when it is too long or binary."""
    message = await websocket.receive()
    if message["type"] != "websocket.receive":
        raise WebSocketDisconnect(message.get("code", 1000))
    text = message.get("text")
    if text is None or len(text) > MESSAGE_LIMIT:
        code = 1003 if text is None else 1009
        await websocket.close(code=code)
        raise WebSocketDisconnect(code)
    return text


@lru_cache(maxsize=128)
def _parse(text: str) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object. Most messages are those of before: "ready"."""
    try:
        message = json.loads(text)
    except RecursionError as error:
        raise ValueError("the message is nested too deeply.") from error
    except ValueError as error:
        raise ValueError("the message is not JSON that can be read.") from error
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object.")
    return message


async def _send(websocket: WebSocket, slot: Slot) -> None:
    try:
        while True:
            for message in await slot.get():
                if message == CLOSED:
                    await websocket.send_json({"type": "gone"})
                    await websocket.close(code=1000)
                    return
                if isinstance(message, str):
                    await websocket.send_text(message)
                else:
                    await websocket.send_bytes(message)
    except (WebSocketDisconnect, RuntimeError):
        return  # the browser went away in between; the listener notices too and cleans up
