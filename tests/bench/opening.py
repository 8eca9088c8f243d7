"""The playground's own server with one more route: it opens runs without a browser. For the bench only."""

from __future__ import annotations

import time

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lstm_core.config import RunConfig, TrainConfig
from pages.live.routes import routes
from pages.live.server.state import HOST
from tests.servers import ROOT


async def open_runs(request: Request) -> Response:
    """POST ?runs=N: tokens of N new default Text runs, which differ in their seeds."""
    count = int(request.query_params["runs"])
    return JSONResponse([HOST.open(RunConfig(train=TrainConfig(seed=seed))) for seed in range(count)])


async def share_run(request: Request) -> Response:
    """POST ?token=…: the code under which others may watch that run."""
    return JSONResponse(HOST.sharing.share(request.query_params["token"]))


async def count_steps(request: Request) -> Response:
    """GET: training steps of all runs so far, and when they were counted (monotonic seconds)."""
    return JSONResponse([HOST.placement.pool.steps, time.monotonic()])


app = st.App(
    str(ROOT / "pages" / "shell.py"),
    routes=[
        *routes(),
        Route("/bench/open", open_runs, methods=["POST"]),
        Route("/bench/share", share_run, methods=["POST"]),
        Route("/bench/steps", count_steps),
    ],
)
