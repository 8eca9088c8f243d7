"""What asks from another site's page, or asks for too much, is refused here.

All that changes something comes through a WebSocket or a request that is neither GET nor HEAD. A browser
names the page that such a thing comes from (its Origin), and no page can make it name another one. This holds
for Streamlit's own routes too, whose check would let any page on "localhost" in.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOG = logging.getLogger(__name__)
READING = {"GET", "HEAD", "OPTIONS"}
ADDRESS_LIMIT = 16_000  # bytes of a path and its query
HEADERS_LIMIT = 32_000  # bytes of all headers of a request, names and values
BODY_LIMIT = 64_000  # bytes of what is sent to any route but Streamlit's upload, which has its own limit
UPLOADS = "/_stcore/upload_file/"
WRONG_KEY = 1.0  # seconds that whoever brings a key that opens nothing waits for the answer
QUIET = 1.0  # seconds without a line after one that says who was refused
PORTS = {"http": 80, "https": 443}


def origin_allowed(origin: str | None, host: str | None, scheme: str = "http") -> bool:
    """True for our own pages, those in `server.corsAllowedOrigins`, and for clients that are no browser.

    origin, host: those headers. scheme: of the connection, "http", "https", "ws" or "wss"; one that is known
    to be encrypted is for encrypted pages only. No other header counts: what calls itself forwarded may be
    anybody's word, so a proxy must pass `Host` on as it came.
    """
    if origin is None:
        return True
    own = _place(origin)
    if own is None:
        return False
    if host and own[1:] == _host(host, own[0]):
        return own[0] == "https" or scheme not in ("https", "wss")
    return own in {_place(str(one)) for one in st.get_option("server.corsAllowedOrigins")}


def _place(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin; None for what is none, such as "null"."""
    try:
        parts = urlsplit(origin.strip().rstrip("/"))
        known = parts.scheme in PORTS and not (parts.path or parts.query or parts.fragment)
        if not known or not parts.hostname or parts.username is not None:
            return None
        # browsers send names in other scripts as xn--…; a list may hold them as they are read
        name = parts.hostname.encode("idna").decode()
        return parts.scheme, name, parts.port or PORTS[parts.scheme]
    except ValueError:
        return None


def _host(host: str, scheme: str) -> tuple[str, int] | None:
    """Name and port of a Host header; what names no port means that of the scheme."""
    place = _place(f"{scheme}://{host}")
    return place and place[1:]


class RequestGuard:
    """ASGI middleware that refuses such requests and sockets before anything else sees them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._said = -QUIET
        self._unsaid = 0  # refusals since the last line in the log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
            return
        status, sentence = refusal
        self._say(sentence)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(sentence, status_code=status)(scope, receive, send)

    def _say(self, sentence: str) -> None:
        """One line a second at most, so that nobody can fill the log, and nothing that the caller sent."""
        now = time.monotonic()
        if now < self._said + QUIET:
            self._unsaid += 1
            return
        LOG.warning("refused", extra={"reason": sentence, "more": self._unsaid})
        self._said, self._unsaid = now, 0


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Status and sentence for a request that is not let in; None for one that is."""
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > ADDRESS_LIMIT:
        return 414, "The address is too long."
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADERS_LIMIT:
        return 431, "The headers are too long."
    headers = Headers(scope=scope)
    socket = scope["type"] == "websocket"
    if not socket and scope["method"] in READING:
        return None
    if len(headers.getlist("origin")) > 1 or not origin_allowed(
        headers.get("origin"), headers.get("host"), scope.get("scheme", "http")
    ):
        return 403, "This page belongs to another site and may not ask for this."
    if socket or UPLOADS in scope["path"]:
        return None
    if "transfer-encoding" in headers:
        return 411, "The length of the request must be declared."
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > BODY_LIMIT:
        return 413, f"The request is too large; {BODY_LIMIT:,} bytes are allowed."
    return None
