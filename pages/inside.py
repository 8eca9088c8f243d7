"""The Look inside page: one unit of the network at a time, and what it tells of the data."""

import streamlit as st

from lstm_core.config import View
from pages.panels.find import find_panel
from pages.panels.heading import heading
from pages.panels.reading import memory_and_gates, memory_heading
from pages.panels.run import shown_run
from pages.panels.sequence import sequence
from pages.panels.transport import transport_bar
from pages.panels.unit import distribution, stretches, unit_lines

UNIT_ABOUT = {"lstm": "its gates and states", "gru": "its gates and its state", "rnn": "its h, step by step"}

shown = shown_run()
token, settings, series, words = shown.token, shown.settings, shown.series, shown.words
cell = shown.config.model.cell

with shown.sidebar:
    heading("Find a unit", "for what you mark")
    find_panel(token, cell, key="inside_find", series=series)

if transport_bar(token, settings):
    st.rerun()
with st.container(gap="xxsmall"):
    heading(
        "Coloured sequence",
        "what one unit does at each step. Click a step, or press ← → for time, ↑ ↓ for units",
    )
    sequence(token, cell, key="inside_sequence", height=116, series=series, words=words, find=True)
    if series:
        settings.slider("Stretch shown", View, "probe_start", token, decimals=2)
    else:
        settings.text(
            "Watch it read",
            "probe",
            token,
            about="The text that the network reads here. Type your own, up to 128 tokens.",
        )
left, right = st.columns([5, 6], gap="medium")
with left, st.container(gap="xxsmall"):
    memory_heading(shown.config, "click a cell to choose its unit and its step")
    # a series' own dates would run into each other here
    memory_and_gates(token, cell, key="inside", heights=(214, 158), narrow=True, words=words, numbers=series)
with right, st.container(gap="xxsmall"):
    lines, histogram = st.columns([8, 5], gap="small")
    with lines, st.container(gap="xxsmall"):
        heading("The chosen unit", UNIT_ABOUT[cell])
        unit_lines(token, cell, key="inside_lines", height=172)
    with histogram, st.container(gap="xxsmall"):
        heading("Its values", "how often each")
        distribution(token, cell, key="inside_distribution", height=172)
    stretches(token, cell, key="inside_stretches", height=198, words=words)
