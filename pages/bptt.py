"""The BPTT page: the network unrolled in time, and the gradient that flows back through it."""

import streamlit as st

from lstm_core.experiments.race import LANES, RaceConfig
from pages.panels.heading import heading
from pages.panels.observation import observation, question
from pages.panels.race import lanes_table, live_sliders, race_settings, stored_fields
from pages.panels.race_charts import accuracy_chart
from pages.panels.run import run_for
from pages.panels.transport import transport_bar
from pages.panels.unrolled import unrolled

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

if transport_bar(token, settings, experiment=True):
    st.rerun()
question("How far back does the gradient of the last step get, and can what lies beyond be learnt?")
with st.container(gap="xxsmall"):
    heading(
        f"{LANES[lane]}, unrolled in time",
        "arrows: states flow forward; ribbon: the gradient flows back, as wide as it is long "
        f"({'relative to the largest' if scale == 'linear' else 'a twelfth less for each power of ten'})",
    )
    unrolled(token, lane, key="bptt_unrolled", height=286, logarithmic=scale == "logarithmic")
left, right = st.columns([3, 2], gap="medium")
with left, st.container(gap="xxsmall"):
    heading("Accuracy", f"of {LANES[lane]} as it trains; dotted: guessing")
    accuracy_chart(token, (lane,), key="bptt_accuracy", height=152, seconds=False)
with right, st.container(gap="xxsmall"):
    heading("The networks", "all that train", tooltip="The same run as on the Memory page.")
    lanes_table(token, key="bptt_lanes", height=152, note=False)
observation(token, key="bptt_observation", height=74)
