"""Screen of the Series page: memory and gates while it reads, its forecast, its errors and its loss."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import RunConfig
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.heatmaps.reading import memory_and_gates, memory_heading
from pages.panels.output.forecast import errors, forecast_chart
from pages.panels.output.loss import loss_chart


def screen(token: str, config: RunConfig, settings: Settings | None = None) -> None:
    """What a series network does now. It has no live controls, so that all see the same."""
    left, right = st.columns([5, 4], gap="medium")
    with left, st.container(gap="xxsmall"):
        memory_heading(config)
        memory_and_gates(token, config.model.cell, key="series", heights=(352, 220), lines=True, series=True)
    with right, st.container(gap="xxsmall"):
        heading("What it forecasts now", "from where it was last told the truth")
        forecast_chart(token, key="series_forecast", height=306)
        heading("Typical error", "in the series' own units")
        errors(token, key="series_errors", height=58)
        heading("Loss", "where the series has variance 1; lower is better")
        loss_chart(token, key="series_loss", height=170, nats=False)
