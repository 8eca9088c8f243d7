"""The BPTT page: the network unrolled in time, and the gradient that flows back through it."""

import streamlit as st

from lstm_core.experiments.race.config import LANES, RaceConfig
from pages.panels.experiments.race import live_sliders, race_settings, stored_fields
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import run_for
from pages.screens.bptt import screen

settings = race_settings()
which, live, shown = (st.sidebar.container(gap="xsmall") for _ in range(3))
with which:
    token, config = run_for(settings, RaceConfig, **stored_fields(settings))
    st.caption("NETWORK SHOWN · of those on the Memory page")
    lane = st.radio(
        "Network",
        config.lanes,
        index=config.lanes.index("lstm") if "lstm" in config.lanes else 0,
        format_func=LANES.__getitem__,
        key="bptt_lane",
        bind="query-params",
        label_visibility="collapsed",
    )
    assert lane is not None
with live:
    live_sliders(settings, token)
    st.caption("Truncation below the lag, then Reset: can it still be learnt?")
with shown:
    scale = st.segmented_control(
        "Width of the ribbon",
        ["linear", "logarithmic"],
        default="linear",
        required=True,
        key="bptt_scale",
        bind="query-params",
        width="stretch",
        help="Linear: as wide as the gradient is long. Logarithmic: as its power of ten, over 12 of them.",
    )

if transport_bar(token, settings, "bptt", lane=lane, scale=scale):
    st.rerun()
screen(token, config, settings, lane=lane, scale=scale)
