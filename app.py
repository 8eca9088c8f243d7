"""The entry point: `streamlit run app.py`. The pages are in pages/, the network in lstm_core/."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pandas  # noqa: F401  Streamlit loads it when the first component is shown
import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Route

from pages.live.film.route import film
from pages.live.server import logs
from pages.live.server.channel import HEALTH, HOST, LIMITS, base_path, plotly_source, routes
from pages.live.server.export import take_home
from pages.live.server.request_guard import Doors
from pages.live.server.security_headers import SecurityHeaders, checked_ancestors
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


film_route = Route(f"{base_path()}/live/film", film, methods=["POST"])
home_route = Route(f"{base_path()}/live/home", take_home, methods=["POST"])
app = st.App(
    Path(__file__).with_name("pages") / "shell.py",
    routes=[*routes(), film_route, home_route],
    middleware=[Middleware(SecurityHeaders, checked_ancestors(LIMITS.frame_ancestors)), Middleware(Doors)],
    lifespan=lifespan,
)
