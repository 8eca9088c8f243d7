"""What stands at the top of every page that shows a run: sharing the run, and taking it home."""

from __future__ import annotations

import streamlit as st

from pages.panels.controls.settings import Settings
from pages.panels.sharing.export import export_panel
from pages.panels.sharing.share import share_panel


def toolbar(token: str, settings: Settings) -> None:
    """Two buttons that open a panel each. The style sheet puts them beside the names of the pages."""
    with st.container(key="toolbar", horizontal=True, gap="xsmall"):
        with st.popover(
            "Share", icon=":material/cast:", help="Let others follow this run, on their own screens."
        ):
            share_panel(token, settings)
        with st.popover(
            "Take home",
            icon=":material/download:",
            help="The run as a file, its numbers as a table, its code.",
        ):
            export_panel(token, settings)
