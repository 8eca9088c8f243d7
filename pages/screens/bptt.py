"""Screen of the BPTT page: one network unrolled in time, and the gradient that flows back through it."""

from __future__ import annotations

import streamlit as st

from lstm_core.experiments.race.config import LANES, RaceConfig, exam_about
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.experiments.observation import observation, question
from pages.panels.experiments.race import lanes_table
from pages.panels.experiments.race_charts import accuracy_chart
from pages.panels.experiments.unrolled import unrolled


def screen(
    token: str,
    config: RaceConfig,
    settings: Settings | None = None,
    lane: str = "lstm",
    scale: str = "linear",
) -> None:
    """lane: of the race, the network shown; the first one if that does not take part. scale: "linear" or
    "logarithmic", how the ribbon's width follows the gradient.
    """
    lane = lane if lane in config.lanes else config.lanes[0]
    question("How far back does the gradient of the last step get, and can what lies beyond be learnt?")
    with st.container(gap="xxsmall"):
        widths = "relative to the largest" if scale == "linear" else "a twelfth less for each power of ten"
        heading(
            f"{LANES[lane]}, unrolled in time",
            f"arrows: states flow forward; ribbon: the gradient flows back, its width is its size ({widths})",
        )
        unrolled(token, lane, key="bptt_unrolled", height=236, logarithmic=scale == "logarithmic")
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(gap="xxsmall"):
        heading("Accuracy", f"of {LANES[lane]}, {exam_about(config.task.kind)}; dotted: guessing")
        accuracy_chart(token, (lane,), key="bptt_accuracy", height=152, seconds=False)
    with right, st.container(gap="xxsmall"):
        heading("The networks", "all that train", tooltip="The same run as on the Memory page.")
        lanes_table(token, key="bptt_lanes", height=152, note=False)
    observation(token, key="bptt_observation", height=96)
