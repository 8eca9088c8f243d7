"""Sharing a run: others watch it, and nobody else can touch it."""

from __future__ import annotations

import io
from functools import lru_cache
from urllib.parse import urlsplit

import segno
import streamlit as st

from lstm_core.config.access_keys import shown_code
from pages.common.markdown import escape_markdown
from pages.live.server.state import HOST, base_path
from pages.panels.controls.settings import Settings

QR_WIDTH = 240  # pixels, with the quiet zone of 4 modules at each side
WHAT_IT_IS = (
    "Others see what you see, on their own screens: every step, what you select, hold or drag back in time, "
    "and the page that you are on. They cannot change anything, but whoever has the code can take a copy of "
    "the whole run, your text or table included, and go on with it."
)
NOT_THE_ADDRESS = (
    "Share this link or the code, **not the address of this page**: whoever has that can change the run."
)

ONLY_HERE = (
    "This link opens on this computer only. For others, open this page under the computer's name or address "
    "in the network, and share it from there."
)


def share_panel(token: str, settings: Settings) -> None:
    """Code, link and QR code of a run; and the end of sharing. It is shared only when a button is pressed."""
    try:
        code = HOST.sharing.code(token)
    except KeyError:  # the run is gone; the page is about to say so
        return
    key = f"share_{settings.page}"
    if code is None:
        st.markdown("**Let others follow this run**")
        st.caption(WHAT_IT_IS)
        st.button("Share", key=key, type="primary", icon=":material/cast:", on_click=_share, args=(token,))
        return
    left, right = st.columns([QR_WIDTH, 330], gap="medium", vertical_alignment="center")
    link = follow_link(str(st.context.url or ""), code)
    left.image(qr_code(link), width=QR_WIDTH)
    with right:
        st.html(f'<div class="share-code" data-testid="share-code">{shown_code(code)}</div>')
        if only_here(link):
            st.warning(ONLY_HERE, icon=":material/computer:")
        st.caption("Scan, or open the **Follow** page and type the code, or follow the link:")
        st.code(link, language=None, wrap_lines=True)
        st.caption(NOT_THE_ADDRESS)
        st.button("Stop sharing", key=f"{key}_end", on_click=_unshare, args=(token,))


def _share(token: str) -> None:
    try:
        HOST.sharing.share(token)
        st.session_state["led"] = token
    except KeyError:
        st.toast("This run is no longer there, so it cannot be shared.", icon=":material/error:")
    except OSError as error:
        why = escape_markdown(error.strerror or "it could not be noted")
        st.toast(f"The run could not be shared: {why}. Try again.", icon=":material/error:")


def _unshare(token: str) -> None:
    try:
        HOST.sharing.unshare(token)
    except KeyError:
        return  # nobody follows what is gone
    except OSError as error:
        why = escape_markdown(error.strerror or "it could not be noted")
        st.toast(f"The sharing could not be ended: {why}. Try again.", icon=":material/error:")


def only_here(link: str) -> bool:
    """Whether the link leads nowhere but to the computer on which it is opened."""
    name = urlsplit(link).hostname or ""
    return name in ("localhost", "::1") or name.startswith("127.")


def follow_link(address: str, code: str) -> str:
    """Where to follow a run. address: of any page of this app, as the browser knows it."""
    parts = urlsplit(address)
    base = base_path()
    path = parts.path.rstrip("/")
    # the first page stands at the base itself, the others one below it; a proxy may have put more in front
    above = path if path == base else path.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{above}/follow?code={code}"


@lru_cache(maxsize=256)
def qr_code(link: str, /) -> str:
    """SVG: black on white in both themes, as cameras expect it, with the quiet zone of 4 modules."""
    out = io.BytesIO()
    segno.make_qr(link, error="m").save(out, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue().decode()
