"""The heading of a panel: its name, in its colour, and one plain sentence of what it shows."""

from __future__ import annotations

import html

import streamlit as st

from pages.common.colours import text_colour


def heading(title: str, about: str, signal: str | None = None, tooltip: str = "") -> None:
    """title and about are ours, never a user's. signal: i, f, g, o, c or h, for its colour."""
    colour = f"color:{text_colour(signal)}" if signal else ""
    st.html(
        f'<div class="heading" style="font-size:0.95rem;line-height:1.3;white-space:nowrap;overflow:hidden;'
        f'text-overflow:ellipsis" title="{html.escape(tooltip or about)}">'
        f'<b style="{colour}">{html.escape(title)}</b>'
        f'<span style="opacity:0.65"> — {html.escape(about)}</span></div>'
    )
