"""The pages' own JavaScript and CSS, and Plotly's. A browser keeps them: their address changes with them."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pages.live.server.state import base_path

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

STYLE = "all.css"  # all style sheets in one, for a browser to load at once
# these come first in it: a panel may say otherwise
GENERAL = ("live.css", "inputs.css", "transport.css", "output.css")


def _load_assets() -> dict[str, tuple[bytes, str]]:
    """Every script and style sheet under pages/, by file name, with its media type; and STYLE."""
    root = Path(__file__).parents[2]
    paths = sorted(path for path in root.rglob("*") if path.suffix in TYPES)
    assets = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in paths}
    if len(assets) < len(paths):
        raise RuntimeError("two files under pages/ have the same name")
    others = [name for name in assets if name.endswith(".css") and name not in GENERAL]
    assets[STYLE] = b"\n".join(assets[name][0] for name in (*GENERAL, *sorted(others))), TYPES[".css"]
    return assets


ASSETS = _load_assets()
VERSION = hashlib.sha256(b"".join(content for content, _ in ASSETS.values())).hexdigest()[:12]
PLOTLY_VERSION = version("plotly")


def plotly_address() -> str:
    """Address of Plotly's JavaScript on this server."""
    return f"{base_path()}/live/plotly/{PLOTLY_VERSION}.js"


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
