"""The Memory page: RNN, GRU and LSTM of equal size learn to remember, side by side."""

import streamlit as st

from lstm_core.experiments.race.config import RaceConfig
from pages.panels.experiments.race import controls, live_sliders, race_settings
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import run_for
from pages.screens.memory import screen

settings = race_settings()
start, live = (st.sidebar.container(gap="xsmall") for _ in range(2))
with start:
    st.caption("NETWORKS · start anew")
    token, config = run_for(settings, RaceConfig, **controls(settings))
with live:
    live_sliders(settings, token)
    over = st.segmented_control(
        "Accuracy over",
        ["steps", "seconds"],
        default="steps",
        required=True,
        key="memory_over",
        bind="query-params",
        width="stretch",
        help="Training steps; or the seconds that each network's own steps have taken.",
    )

if transport_bar(token, settings, "memory", over=over):
    st.rerun()
screen(token, config, settings, over=over)
