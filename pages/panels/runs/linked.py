"""The runs of a session in the address of every page, also where it shows none of them: a reload loses none.

A run that an address names is this session's own once its page has been shown (see adoption.py).
"""

from __future__ import annotations

import streamlit as st

from pages.common.address import has_read, link, news
from pages.panels.controls.settings import Settings
from pages.panels.runs.settings_from_config import KINDS, TASKS


def name_runs() -> None:
    """Note the runs that the address names anew, and let it name those of all pages. To be called at the
    start of a script run.
    """
    state = st.session_state
    new = {page: token for page in KINDS if (token := Settings(page).linked_run()) is not None}
    state.update({f"linked_{page}": token for page, token in new.items()})
    state["linked_here"] = set(new)
    for page in KINDS:
        token = token_of(page)
        if token is not None:
            Settings(page).link_run(token)
    shown = news("network")
    has_read("network")
    if shown in TASKS:
        state["last_network"] = shown
    elif "last_network" not in state and not TASKS.keys().isdisjoint(new):
        state["last_network"] = "text" if "text" in new else "series"
    _link_network()


def token_of(page: str) -> str | None:
    """What opens this session's run of `page`; None before it has one. The server may have lost it."""
    state = st.session_state
    token: str | None = state.get(f"linked_{page}", state.get(f"run_{page}"))
    return token


def is_linked(page: str) -> bool:
    """Whether an address named a run for `page` that was not taken yet."""
    return f"linked_{page}" in st.session_state


def take_linked(page: str) -> tuple[str | None, bool]:
    """The run that an address named for `page` and that was not taken yet; whether it was this address."""
    state = st.session_state
    return state.pop(f"linked_{page}", None), page in state.get("linked_here", ())


def note_network(page: str) -> None:
    """Of the networks of the Text and the Series page that of `page` was looked at last."""
    st.session_state["last_network"] = page
    _link_network()


def _link_network() -> None:
    both = all(token_of(page) is not None for page in TASKS)
    link("network", st.session_state.get("last_network", "text") if both else "text", "text")
