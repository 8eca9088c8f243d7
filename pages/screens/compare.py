"""Screen of the Compare page: two networks side by side, and the difference between them."""

from __future__ import annotations

import streamlit as st

from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.pair.differences import DIFFERENCES
from pages.common.heading import heading
from pages.panels.compare import compare
from pages.panels.controls.settings import Settings
from pages.panels.experiments.observation import observation, question


def screen(token: str, config: PairConfig, settings: Settings | None = None) -> None:
    """Both sides, what lies between them, and what has been seen so far."""
    left, right = config.sides
    series = left.kind == "series"
    about = f"{DIFFERENCES[config.differs].question} Left: {config.names[0]}. Right: {config.names[1]}."
    question(about)
    same_data = left.task == right.task
    columns = st.columns(3, gap="small")
    for column, on_right, key in zip(columns, (False, True), ("left", "right"), strict=False):
        with column, st.container(gap="xxsmall"):
            compare.side(token, key=f"compare_side_{key}", right=on_right)
            if series:
                compare.forecast(
                    token,
                    key=f"compare_forecast_{key}_{same_data}",
                    height=188,
                    right=on_right,
                    same_data=same_data,
                )
            else:
                compare.writing(token, key=f"compare_text_{key}", height=188, right=on_right)
    with columns[2], st.container(gap="xxsmall"):
        heading("Loss", "with dots: validation; faint: training", tooltip="Lower is better.")
        compare.losses(token, key=f"compare_losses_{left.kind}", height=214, nats=not series)
    same_units = left.model.hidden_size == right.model.hidden_size
    compare.maps(
        token,
        key=f"compare_maps_{left.kind}_{config.signal}_{same_units}",
        height=276,
        signal=config.signal,
        same_units=same_units,
    )
    observation(token, key="compare_observation")
