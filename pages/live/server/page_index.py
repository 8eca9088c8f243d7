"""The addresses of pages: each answers with Streamlit's index.html, which is told where its server is.

By itself that page does not know whether the last part of its address names a page or belongs to the server's
base path: it asks for `{page}/_stcore/health` first, which is no route, and the browser logs two errors. Nor
has the page that is shown first an address of its own: Streamlit opens a dialog over it, "Page not found".
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pages.live.server.preload import preload_links

FIRST = "text"  # the page that stands at the base path
_PAGES = Path(__file__).parents[2]
# relative, since a proxy may have put a path in front of ours
_WHERE = b'<script>window.__streamlit = { BACKEND_BASE_URL: new URL(".", location.href).href }</script>'


def page_names() -> list[str]:
    """Names of all pages, as they stand in an address: one for each script in pages/ but the shell."""
    names = {path.stem for path in _PAGES.glob("*.py")}
    return sorted(names - {"__init__", "shell"})


@cache
def index_html() -> bytes:
    """Streamlit's page, with a script before all others that says at which address the server is, and links
    to what the page will need.
    """
    static = Path(streamlit.__file__).parent / "static"
    before, head, after = (static / "index.html").read_bytes().partition(b"<head>")
    head_end = after.index(b"</head>")
    return before + head + _WHERE + after[:head_end] + preload_links(static) + after[head_end:]


async def index(_: Request) -> Response:
    """What every page answers with."""
    return HTMLResponse(index_html(), headers={"Cache-Control": "no-cache"})


async def to_first(request: Request) -> Response:
    """From the name of the first page to where it stands, with the query."""
    query = request.scope["query_string"].decode("latin-1")
    location = f"./?{query}" if query else "./"
    return Response(status_code=307, headers={"Location": location, "Cache-Control": "no-cache"})
