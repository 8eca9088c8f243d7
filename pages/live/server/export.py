"""A run as a file to keep: its own, or its numbers as tables. Made when it is asked for.

POST {base}/live/export   {"token": …, "what": "run" | "trace" | "losses"} → the file, to be saved
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lstm_core.config import MemoryConfig, RunConfig, SeriesConfig
from lstm_core.experiments.ablation.ablation import AblationConfig
from lstm_core.experiments.network import Network
from lstm_core.experiments.pair.pair import PairConfig
from lstm_core.experiments.race.race import RaceConfig
from lstm_core.experiments.registry import SubjectConfig
from lstm_core.export.tables import loss_table, trace_table
from lstm_core.storage.archive import pack_run
from lstm_core.storage.restore import restored
from pages.live.server.request_guard import origin_allowed
from pages.live.server.state import HOST

WHATS = ("run", "trace", "losses")
BODY_LIMIT = 1000  # bytes of a request
# Networks train on the other cores meanwhile.
_ONE_AT_A_TIME = asyncio.Semaphore(1)


@dataclass(frozen=True)
class File:
    """A file to be saved."""

    name: str
    content: bytes
    media_type: str


async def export(request: Request) -> Response:
    """The file that is asked for, of the run whose key the body holds."""
    if not origin_allowed(request.headers.get("origin"), request.headers.get("host")):
        return Response("This page may not ask for a run.", status_code=403)
    asked = _parse(await _body(request))
    if asked is None:
        return Response(f'A request is {{"token": …, "what": one of {", ".join(WHATS)}}}.', status_code=400)
    try:
        async with _ONE_AT_A_TIME:
            file = await run_in_threadpool(make_file, *asked)
    except KeyError:
        return Response("This run is gone. Reload the page to start a new one.", status_code=404)
    except ValueError as error:
        return Response(str(error), status_code=409)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return Response(file.content, media_type=file.media_type, headers=headers)


def make_file(key: str, what: str) -> File:
    """One of WHATS, of the run as it is at this moment.

    Raises KeyError for an unknown key, ValueError, one sentence, for a trace of several networks.
    """
    saved = HOST.save(key)
    (subject, _), stem = restored(saved, saved.config), file_stem(saved.config)
    if what == "run":
        return File(f"{stem}-step-{subject.step_count}.zip", pack_run(saved), "application/zip")
    if what == "losses":
        table, step = loss_table(subject), subject.step_count
    elif isinstance(subject, Network):
        table, step = trace_table(subject), subject.observer.step
    else:
        raise ValueError("There is a trace of a single network only, on the Text and on the Series page.")
    return File(f"{stem}-{what}-step-{step}.csv", table.encode(), "text/csv; charset=utf-8")


def file_stem(config: SubjectConfig) -> str:
    """What the files of a run are called: "lstm-tales", "gru-sunspots", "race-recall" …"""
    task = config.task
    data = task.kind if isinstance(task, SeriesConfig | MemoryConfig) else task.corpus
    if isinstance(config, RunConfig):
        what = config.model.cell
    else:
        what = {RaceConfig: "race", AblationConfig: "variants", PairConfig: "pair"}[type(config)]
    return re.sub(r"[^a-z0-9]+", "-", f"{what}-{data}".lower())


async def _body(request: Request) -> bytes:
    """The request's body, read no further than its limit."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return b""
    return body


def _parse(body: bytes) -> tuple[str, str] | None:
    """Key and what is asked for; None for a request that cannot be read."""
    try:
        asked = json.loads(body)
        key, what = asked["token"], asked["what"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (key, what) if isinstance(key, str) and what in WHATS else None
