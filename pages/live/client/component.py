"""Mounts one live panel: a JavaScript module beside the Python that builds what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from lstm_core.config.access_keys import TOKEN
from pages.live.server.assets import STYLE, VERSION, plotly_address
from pages.live.server.state import base_path

_LOADER = Path(__file__).with_name("loader.js").read_text(encoding="utf-8")


def mount(module: str, *, key: str, token: str, height: int, stretch: bool = False, **data: Any) -> Any:
    """Show the panel whose JavaScript is the file `module` anywhere under pages/.

    token: of the run that it shows; or a code, for those who may only watch it: JavaScript gets `following`.
    height: pixels that it takes even before it has something to show; with `stretch`, in a window 768 pixels
    high, and more or less in higher and lower ones. data: JSON values for the module.

    Returns the component's result, with the attributes `value` (where presenter mode was left, else None),
    `gone` (set once when the run no longer exists), `branch` (set once to the step from which the user goes
    on in a new run), `back` (set once when the user returns to the run before) and `changed` (set once when
    the page was drawn for other settings, or another page, than those of its run now).
    """
    # Outside of the component's shadow root, where Plotly's own style sheet and the page's find it.
    component = st.components.v2.component("live_panel", js=_LOADER, isolate_styles=False)
    base = base_path()
    addresses = {
        "base": base,
        "assets": f"{base}/live/static/{VERSION}",
        "plotly": plotly_address(),
        "style": STYLE,
    }
    return component(
        key=key,
        data={
            "module": module,
            "token": token,
            "following": bool(token) and not TOKEN.fullmatch(token),
            "height": height,
            "stretch": stretch,
            **addresses,
            **data,
        },
        on_value_change=lambda: None,
        on_gone_change=lambda: None,
        on_branch_change=lambda: None,
        on_back_change=lambda: None,
        on_changed_change=lambda: None,
    )
