"""Screen of the Look inside page: one unit of the network, and what it tells of the data."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import RunConfig, View
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.heatmaps.reading import memory_and_gates, memory_heading
from pages.panels.sequence.sequence import sequence
from pages.panels.unit.unit import distribution, stretches, unit_lines
from pages.screens.boxes import text_box

UNIT_ABOUT = {"lstm": "its gates and states", "gru": "its gates and its state", "rnn": "its h, step by step"}


def screen(token: str, config: RunConfig, settings: Settings | None = None) -> None:
    """The chosen unit, all around. settings: of the page whose run it is; None: view-only."""
    cell, series, words = config.model.cell, config.kind == "series", config.words
    with st.container(gap="xxsmall"):
        about = "what one unit does at each step"
        if settings:
            about += ". Click a step, or press ← → for time, ↑ ↓ for units"
        heading("Coloured sequence", about)
        sequence(token, cell, key="inside_sequence", height=116, series=series, words=words, find=True)
        if not series:
            text_box(
                settings,
                "Watch it read",
                "probe",
                token,
                about="The text that the network reads here. Type your own, up to 128 tokens.",
            )
        elif settings:
            settings.slider("Stretch shown", View, "probe_start", token, decimals=2)
    left, right = st.columns([5, 6], gap="medium")
    with left, st.container(gap="xxsmall"):
        memory_heading(config, "click a cell to choose its unit and its step" if settings else "")
        # a series' own dates would run into each other here
        memory_and_gates(
            token, cell, key="inside", heights=(214, 158), narrow=True, words=words, numbers=series
        )
    with right, st.container(gap="xxsmall"):
        lines, histogram = st.columns([8, 5], gap="small")
        with lines, st.container(gap="xxsmall"):
            heading("The chosen unit", UNIT_ABOUT[cell])
            unit_lines(token, cell, key="inside_lines", height=172)
        with histogram, st.container(gap="xxsmall"):
            heading("Its values", "how often each")
            distribution(token, cell, key="inside_distribution", height=172)
        stretches(token, cell, key="inside_stretches", height=198, words=words)
