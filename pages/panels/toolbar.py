"""What stands beside the transport bar on every page: sharing the run, and taking it home."""

from __future__ import annotations

import streamlit as st

from pages.panels.home import home_panel
from pages.panels.settings import Settings
from pages.panels.share import share_panel


def toolbar(token: str, settings: Settings) -> None:
    """Two buttons that open a panel each."""
    with st.popover("Share", icon=":material/cast:", width="stretch"):
        share_panel(token, settings)
    with st.popover("Take home", icon=":material/download:", width="stretch"):
        home_panel(token, settings)
