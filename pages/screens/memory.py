"""Screen of the Memory page: RNN, GRU and LSTM side by side, and how far the gradient gets in each."""

from __future__ import annotations

import streamlit as st

from lstm_core.experiments.race.config import QUESTIONS, RaceConfig, exam_about
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.experiments.observation import observation, question
from pages.panels.experiments.race import lanes_table
from pages.panels.experiments.race_charts import accuracy_chart, gradients_chart, lags_chart


def screen(token: str, config: RaceConfig, settings: Settings | None = None, over: str = "steps") -> None:
    """All networks of the race. over: "steps" or "seconds", what the accuracy is shown over."""
    question(QUESTIONS[config.task.kind])
    left, middle, right = st.columns([8, 7, 10], gap="medium")
    with left, st.container(gap="xxsmall"):
        asked = exam_about(config.task.kind)
        heading("Accuracy", asked, tooltip=f"Share of right answers: {asked}. Dashed: the lag was changed.")
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
        gradients_chart(token, config.lanes, key="memory_gradients", height=192)
    observation(token, key="memory_observation", height=96)
