"""Headers that every answer of the server carries: what a browser may load, run and pass on.

The Content-Security-Policy lets a page run the server's own scripts only. Text that got into the page as HTML
by some mistake could therefore not run anything, nor send anything elsewhere. What it must allow:

- `blob:` scripts: that is how Streamlit loads the script of a component that is given as text, as loader.js
  is. Only a script that runs already can make such an address.
- the inline scripts of index.html, Streamlit's own and that of page_index.py, by their hashes
- inline styles, which Streamlit and Plotly set everywhere; a font within Streamlit's style sheet; and
  pictures made in the page, which Plotly needs to export a chart
"""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.live.server.page_index import index_html

# one that a policy may name: 'self', 'none', *, https:, or a host, with a scheme and a port if need be. A
# single word is a host only with a scheme, so that self without its quotes is not taken for one.
_ANCESTOR = re.compile(
    r"'self'|'none'|\*|https?:|(https?://(\*\.)?[A-Za-z0-9-]+|(\*\.)?[A-Za-z0-9-]+\.[A-Za-z0-9-]+)"
    r"(\.[A-Za-z0-9-]+)*(:\d{1,5})?"
)
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def checked_ancestors(text: str) -> str:
    """`text` as it may stand after `frame-ancestors` in a policy, with single blanks.

    Raises ValueError for anything but 'self', 'none' or a list of hosts: a semicolon or a line break would
    let it write other rules and headers.
    """
    sources = text.split(" ") if text.isprintable() else [text]
    sources = [source for source in sources if source]
    for source in sources:
        if not _ANCESTOR.fullmatch(source):
            raise ValueError(
                f"LSTM_FRAME_ANCESTORS={text[:60]!r} cannot be used: {source[:60]!r} is neither 'self' nor "
                "'none' (with the quotes) nor an address such as https://school.example."
            )
    if not sources or ("'none'" in sources and len(sources) > 1):
        raise ValueError(
            f"LSTM_FRAME_ANCESTORS={text[:60]!r} cannot be used: say who may show the pages, or 'none' alone."
        )
    return " ".join(sources)


def inline_hashes(page: bytes) -> list[str]:
    """Hashes of the inline scripts of a page, as a policy names them."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def policy(frame_ancestors: str = "'self'") -> str:
    """The Content-Security-Policy. Raises ValueError as `checked_ancestors` does."""
    own = " ".join(inline_hashes(index_html()))
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' blob: {own}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "media-src": "'none'",
        "worker-src": "'none'",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": checked_ancestors(frame_ancestors),
    }
    return "; ".join(f"{name} {sources.strip()}" for name, sources in rules.items())


class SecurityHeaders:
    """ASGI middleware that sets them on every answer, as its first bytes leave. Sockets pass untouched."""

    def __init__(self, app: ASGIApp, frame_ancestors: str = "'self'") -> None:
        """Raises ValueError for who may show the pages in a frame, as `checked_ancestors` does."""
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy(frame_ancestors),
            "X-Content-Type-Options": "nosniff",
            # a page's address holds the key to its run; with this no log gets it as where a request came from
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        # for browsers that do not know frame-ancestors; it cannot name hosts
        frames = {"'self'": "SAMEORIGIN", "'none'": "DENY"}.get(checked_ancestors(frame_ancestors))
        if frames:
            self.headers["X-Frame-Options"] = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                del headers["X-Frame-Options"]
                for name, value in self.headers.items():
                    headers[name] = value
                # browsers ignore it, and complain, where the connection is not encrypted
                if scope.get("scheme") == "https":
                    headers["Cross-Origin-Opener-Policy"] = "same-origin"
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            if not started:  # what answers for errors stands outside of all middleware
                answer = PlainTextResponse("Something went wrong here. Try again.", status_code=500)
                await answer(scope, receive, send_with_headers)
            raise
