"""The transport bar: play, pause, step, reset, speed; how training stands, how true it is; its history."""

from __future__ import annotations

import contextlib
from typing import Any

import streamlit as st

from lstm_core.config import Knobs
from lstm_core.config.access_keys import shown_code
from pages.common.markdown import escape_markdown
from pages.live.client.component import mount
from pages.live.inputs.slider import slider_data
from pages.live.server.state import HOST
from pages.panels.controls.settings import Settings
from pages.panels.runs.run import branch_run, parent_of, return_run
from pages.panels.sharing.presented import presented
from pages.panels.sharing.toolbar import toolbar

SINGLE = ("text", "series")  # pages of a single network, which has a time machine
COPIED = "This is your own copy, from the very step on which you took it: everything can be changed."
HEIGHTS = {True: 78, False: 46}  # with a time machine, and without


def transport_bar(token: str, settings: Settings, screen: str, **options: str) -> bool:
    """Show the bar for the run of `token`, and tell those who follow that it is shown on `screen`, with these
    options of it (see pages/screens/). The run of an experiment has no time machine.

    True once if the page has to run again for another run: the old one no longer exists on the server, or a
    new one goes on from an earlier step of it, or the user returns from there.
    """
    st.session_state["last_shown"] = settings.page
    drawn: dict[str, Any] = {}
    with contextlib.suppress(KeyError):  # a run that is gone: the browser notices, and asks for another one
        _lead(token)
        HOST.sharing.present(token, presented(screen, options))
        drawn["generation"] = HOST.generation(token)  # another tab may ask for new networks, too
    toolbar(token, settings)
    if st.session_state.pop("copied", False):
        st.toast(COPIED, icon=":material/content_copy:")
    name = "steps_per_second"
    key = settings.live_key(name)
    speed = slider_data(
        "Speed",
        Knobs,
        name,
        settings.stored(Knobs, name),
        scale="log",
        low=1.0,
        high=1000.0,
        about="Training steps per second: 1 to talk over every step, max for as fast as it goes.",
    )
    single = settings.page in SINGLE
    result = mount(
        "transport.js",
        key=key,
        token=token,
        height=HEIGHTS[single],
        speed=speed,
        parent=parent_of(settings.page),
        experiment=not single,
        drawn=drawn,
        settings=settings.drawn,
    )
    if isinstance(result.branch, int):
        return branch_run(settings.page, token, result.branch)
    if result.back is not None and return_run(settings.page):
        return True
    return bool(result.gone)


def _lead(token: str) -> None:
    """Whoever followed this session's run on another page follows this one now. Raises KeyError."""
    led: str | None = st.session_state.get("led")
    if led is not None and led != token:
        try:
            HOST.sharing.lead(led, token)
        except OSError as error:
            why = escape_markdown(error.strerror or "it could not be noted")
            st.toast(f"Those who follow stay where they are: {why}.", icon=":material/error:")
        except KeyError:
            st.session_state["led"] = None
    if HOST.sharing.code(token):
        st.session_state["led"] = token


def followed_bar(code: str, page: str, drawn: dict[str, Any]) -> None:
    """The bar for those who follow a run: all that it says, and nothing to press.

    page: that the run belongs to. drawn: values of a frame's header that the page has been drawn for; when a
    frame says otherwise the script runs again.
    """
    mount(
        "transport.js",
        key=f"followed_bar_{page in SINGLE}",  # another one where it has another height
        token=code,
        height=HEIGHTS[page in SINGLE],
        experiment=page not in SINGLE,
        code=shown_code(code),
        drawn=drawn,
    )
