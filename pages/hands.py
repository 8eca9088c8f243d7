"""The Hands on page: gates are held by hand, units switched off, beside the same network as learned."""

import streamlit as st

from pages.panels.hands_on.hands import hands_controls
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import shown_run
from pages.screens.hands import screen

shown = shown_run()
with shown.sidebar:
    st.caption("HANDS · act while you drag")
    hands_controls(shown.token, shown.cell, key="hands_controls", height=368)

if transport_bar(shown.token, shown.settings, "hands"):
    st.rerun()
screen(shown.token, shown.config, shown.settings)
