"""Pages that show no run: those who follow are told so, and what concerns the run still stands above."""

from __future__ import annotations

import contextlib

import streamlit as st

from pages.live.server.state import HOST
from pages.panels.controls.settings import Settings
from pages.panels.runs.linked import token_of
from pages.panels.runs.settings_from_config import KINDS
from pages.panels.sharing.toolbar import toolbar


def page_without_run(name: str, *, buttons: bool = True) -> None:
    """Tell those who follow this session's run that `name` is looked at (one of NOT_FOLLOWED of
    pages/screens/every.py), and show Share and Take home for that run. Nothing happens before there is one.

    buttons: False on the page of somebody else's run, where they would seem to be about that one.
    """
    token = _run()
    if token is None:
        return
    with contextlib.suppress(KeyError):  # it has been deleted this very moment
        HOST.sharing.present(token, name)
    if buttons:
        toolbar(token, Settings(name))


def _run() -> str | None:
    """The run that is shared, else the one that was shown last."""
    state = st.session_state
    pages = [state.get("last_shown"), state.get("last_network"), *KINDS]
    tokens = [token for page in pages if page and (token := token_of(page)) and HOST.controls(token)]
    shared = [token for token in tokens if _is_shared(token)]
    return next(iter(shared or tokens), None)


def _is_shared(token: str) -> bool:
    with contextlib.suppress(KeyError):
        return HOST.sharing.code(token) is not None
    return False
