"""All routes of the live channel, for `st.App`.

GET  {base}/{page}                         see server/page_index.py
GET  {base}/live/static/{version}/{file}   the pages' own JavaScript and CSS
GET  {base}/live/plotly/{version}.js       Plotly's JavaScript, from the installed package
WS   {base}/live/socket                    one socket a page
POST {base}/live/film                      see film/route.py
POST {base}/live/export                    see server/export.py
GET  {base}/api/health, /api/health        for monitoring
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from pages.live.film.route import FILM
from pages.live.server.assets import plotly_address, plotly_script, static
from pages.live.server.export import EXPORT
from pages.live.server.page_index import FIRST, index, page_names, to_first
from pages.live.server.socket import socket
from pages.live.server.state import HEALTH, base_path


def routes() -> list[BaseRoute]:
    """The routes, below the base path of this server."""
    base = base_path()
    health_paths = {"/api/health", f"{base}/api/health"}
    return [
        *(Route(path, health) for path in sorted(health_paths)),
        Route(f"{base}/", index),
        Route(f"{base}/{FIRST}", to_first),
        *(Route(f"{base}/{name}", index) for name in page_names() if name != FIRST),
        Route(f"{base}/live/static/{{version}}/{{name}}", static),
        Route(plotly_address(), plotly_script),
        WebSocketRoute(f"{base}/live/socket", socket),
        Route(f"{base}/live/film", FILM.answer, methods=["POST"]),
        Route(f"{base}/live/export", EXPORT.answer, methods=["POST"]),
    ]


async def health(request: Request) -> Response:
    """How the server is; see server/health.py."""
    status, content = await run_in_threadpool(HEALTH.report)
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})
