"""The Memory page: RNN, GRU and LSTM of equal size learn to remember, side by side."""

import streamlit as st

from lstm_core.experiments.race import QUESTIONS, RaceConfig
from pages.panels.heading import heading
from pages.panels.observation import observation, question
from pages.panels.race import controls, lanes_table, live_sliders, race_settings
from pages.panels.race_charts import accuracy_chart, gradients_chart, lags_chart
from pages.panels.run import run_for
from pages.panels.transport import transport_bar

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

if transport_bar(token, settings, experiment=True):
    st.rerun()
question(QUESTIONS[config.task.kind])
left, middle, right = st.columns([8, 7, 10], gap="medium")
with left, st.container(gap="xxsmall"):
    heading("Accuracy", "as they train", tooltip="Share of right answers. Dashed: the lag was changed.")
    accuracy_chart(token, config.lanes, key="memory_accuracy", height=200, seconds=over == "seconds")
with middle, st.container(gap="xxsmall"):
    heading("Accuracy by lag", "trained or not", tooltip="Also at lags that were never trained on.")
    lags_chart(token, config.lanes, key="memory_lags", height=200)
with right, st.container(gap="xxsmall"):
    heading("The networks", "equally large", tooltip="The same seed, the same sequences, in lockstep.")
    lanes_table(token, key="memory_lanes", height=200)
with st.container(gap="xxsmall"):
    heading(
        "Gradient of the last step's loss at every time step",
        "dashed: what comes through the forget gates f (GRU: update gates z) alone",
    )
    gradients_chart(token, config.lanes, key="memory_gradients", height=246)
observation(token, key="memory_observation", height=74)
