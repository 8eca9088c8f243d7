"""The Look inside page: one unit of the network at a time, and what it tells of the data."""

import streamlit as st

from pages.common.heading import heading
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import shown_run
from pages.panels.unit.find import find_panel
from pages.screens.inside import screen

shown = shown_run()
with shown.sidebar:
    heading("Find a unit", "for what you mark")
    find_panel(shown.token, shown.cell, key="inside_find", series=shown.series)

if transport_bar(shown.token, shown.settings, "inside"):
    st.rerun()
screen(shown.token, shown.config, shown.settings)
