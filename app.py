"""The entry point: `streamlit run app.py`. The pages are in pages/, the network in lstm_core/."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pandas  # noqa: F401  Streamlit loads it when the first component is shown
import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from pages.live.routes import routes
from pages.live.server import logs
from pages.live.server.assets import plotly_source
from pages.live.server.request_guard import RequestGuard
from pages.live.server.security_headers import SecurityHeaders, checked_ancestors
from pages.live.server.state import HEALTH, HOST, LIMITS, base_path
from pages.panels.heatmaps.heatmaps import gates_drawing, memory_drawing
from pages.panels.output.loss import loss_chart_drawing

logs.setup(LIMITS.log_level)
LOG = logging.getLogger("app")

# What would keep the first visitor waiting is done before the server says that it is ready.
HOST.start()
plotly_source(True)
memory_drawing("lstm", False, False, False)
gates_drawing("lstm", False)
loss_chart_drawing(True)
HOST.wait()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """From the first visitor to the last: a server that is told to end saves its runs before it does."""
    LOG.info("started", extra={"version": HEALTH.version, "base": base_path()})
    yield
    LOG.info("closing")
    await run_in_threadpool(HOST.close)
    LOG.info("closed")


app = st.App(
    Path(__file__).with_name("pages") / "shell.py",
    routes=routes(),
    middleware=[
        Middleware(SecurityHeaders, checked_ancestors(LIMITS.frame_ancestors)),
        Middleware(RequestGuard),
    ],
    lifespan=lifespan,
)
