"""The playground's own server with one more route: it opens runs without a browser. For the bench only."""

from __future__ import annotations

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lstm_core.config import RunConfig, TrainConfig
from pages.live.channel import HOST, routes
from tests.servers import ROOT


async def open_runs(request: Request) -> Response:
    """POST ?runs=N: tokens of N new default Text runs, which differ in their seeds."""
    count = int(request.query_params["runs"])
    return JSONResponse([HOST.open(RunConfig(train=TrainConfig(seed=seed))) for seed in range(count)])


app = st.App(
    str(ROOT / "pages" / "shell.py"),
    routes=[*routes(), Route("/bench/open", open_runs, methods=["POST"])],
)
