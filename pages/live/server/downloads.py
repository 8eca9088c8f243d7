"""Routes that make a file of a run when asked, by a POST whose body holds the key of the run."""

from __future__ import annotations

import json
from asyncio import Semaphore, sleep
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pages.live.server.request_guard import WRONG_KEY, origin_allowed

BODY_LIMIT = 1000  # bytes of a request
UNDER_WAY = 32  # requests of one route at the same time, those that wait for their turn among them
BUSY = "Many files are being made at once. Try again in a few seconds."
GONE = "This run is gone. Reload the page to start a new one."

Asked = TypeVar("Asked")


@dataclass(frozen=True)
class File:
    """A file to be saved. name: in ASCII, without quotation marks."""

    name: str
    content: bytes
    media_type: str


class Download(Generic[Asked]):
    """One such route: `answer` is its endpoint. Files are made one at a time, since each takes a core for a
    second or two, while networks train on the others.
    """

    def __init__(self, usage: str, read: Callable[[Any], Asked], make: Callable[[Asked], File]) -> None:
        """usage: a sentence for requests that cannot be read. read: from the JSON value of a request to what
        is asked for; raises ValueError, TypeError or KeyError. make: the file, in a thread of its own; raises
        KeyError for an unknown key, and ValueError, one sentence, if there is no such file.
        """
        self._usage = usage
        self._read = read
        self._make = make
        self._turn = Semaphore(1)
        self._under_way = 0

    async def answer(self, request: Request) -> Response:
        """The file, or a sentence that says why there is none. Who brings a key that opens nothing waits for
        the answer, as on the socket. Who comes when many wait is refused before the key is looked at.
        """
        if not origin_allowed(request.headers.get("origin"), request.headers.get("host")):
            return Response("This page may not ask for a file.", status_code=403)
        try:
            asked = self._read(json.loads(await _body(request)))
        except (ValueError, TypeError, KeyError, RecursionError):
            return Response(self._usage, status_code=400)
        if self._under_way >= UNDER_WAY:
            return Response(BUSY, status_code=503, headers={"Retry-After": "5"})
        self._under_way += 1
        try:
            async with self._turn:
                file = await run_in_threadpool(self._make, asked)
        except KeyError:
            await sleep(WRONG_KEY)  # not in the turn of others
            return Response(GONE, status_code=404)
        except ValueError as error:
            return Response(str(error), status_code=409)
        finally:
            self._under_way -= 1
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
        return Response(file.content, media_type=file.media_type, headers=headers)


async def _body(request: Request) -> bytes:
    """The request's body, read no further than its limit; b"" for a longer one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return b""
    return body


def text_of(value: Any) -> str:
    """`value`, if it is a string. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value
