"""Presenter mode, for a projector: larger type, no controls, one panel at a time if wanted; and the keys of
all pages, most of which act in the browser alone (presenter.js).
"""

from __future__ import annotations

import streamlit as st

from pages.common.address import has_read, link, news
from pages.live.client.component import mount

KEY = "presenter"


def presenter() -> None:
    """Show the button that turns presenter mode on and off. `?present=1` stands in the address while it is
    on, also where another page is turned to.
    """
    state = st.session_state
    given = news("present")
    has_read("present")
    if given is not None:
        state["presenting"] = given == "1"
    turned = (state.get(KEY) or {}).get("value") or {"move": 0}  # as the browser left it
    move = turned["move"]
    if move > state.get("presenter_move", 0):
        state["presenter_move"], state["presenting"] = move, turned["value"]
    on = bool(state.get("presenting"))
    link("present", "1" if on else None)
    with st.container(key="header"):
        mount("presenter.js", key=KEY, token="", height=0, on=on, heard=move)
