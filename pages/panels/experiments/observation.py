"""What an experiment asks, and what has been seen in it."""

from __future__ import annotations

import html

import streamlit as st

from pages.live.client.component import mount


def question(text: str) -> None:
    """The question that an experiment answers, above it. text is ours, never a user's."""
    st.html(f'<div style="font-size:1.1rem;font-weight:600;line-height:1.35">{html.escape(text)}</div>')


def observation(token: str, *, key: str, height: int = 46) -> None:
    """What the data of this very run support, below the experiment; or, when it is early, what it waits for.

    height: in pixels; what needs more lines than fit in it is set smaller.
    """
    mount("observation.js", key=key, token=token, height=height)
