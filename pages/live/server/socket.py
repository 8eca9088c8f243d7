"""The live WebSocket: it streams the frames of one run to a browser and carries the browser's messages back.

The browser speaks first: {"type": "hello", "token": …}, with a token or a code. It comes in a message, not in
the address, so that no log holds it. Then every binary message is an encoded frame; the browser answers
{"type": "ready", "wants": […]} when it has drawn it, and only then gets the next, which is the newest: a slow
browser skips frames, it never queues them. {"type": "facts", "facts": {…}} is what only the server knows of
the run (`Session.facts`), whenever that changes: for who may change it also its live settings, and the number
of the newest one of this browser that is among them or was refused.
"""

from __future__ import annotations

import asyncio
import json
import time
from asyncio import sleep
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from lstm_core.server.host import CLOSED, Full
from pages.live.server.request_guard import WRONG_KEY, origin_allowed
from pages.live.server.slots import Slot
from pages.live.server.state import HOST, LIMITS

HELLO_SECONDS = 10  # to say hello after connecting
MESSAGE_LIMIT = 64_000  # characters in one message
BAD_MESSAGES = 50  # that one socket may send before it is closed


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
            await sleep(WRONG_KEY)  # who guesses codes does it slowly
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
            await sleep(max(0.0, second + 1 - time.monotonic()))
        if time.monotonic() >= second + 1:
            second, read = time.monotonic(), 0
        try:
            message = _parse(text)
            if message.get("type") == "ready":
                wants = message.get("wants")
                HOST.ready(viewer, wants if isinstance(wants, list) else ())
            elif not HOST.post_at_once(token, message, viewer):
                # it is read from the disk, and nobody else shall wait for that
                await run_in_threadpool(HOST.post, token, message, viewer)
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


def _parse(text: str) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object."""
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
