"""Sidebar widgets for the shape of a generated series, or for which of the bundled ones it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import STOCKS, SeriesConfig
from lstm_core.config.fields import limits
from lstm_core.tasks.series import SERIES_SETTINGS, STOCK_NAMES
from pages.panels.controls.network import value_beyond
from pages.panels.controls.settings import Settings

# field → label, step, highest value on the slider
SLIDERS = {
    "period": ("Period", 1.0, 100.0),
    "noise": ("Noise in the data", 0.05, 1.0),
    "amplitude": ("Amplitude", 0.1, 10.0),
    "phase": ("Phase", 5.0, 360.0),
}


def controls(settings: Settings, kind: str) -> SeriesConfig:
    """Period, noise, amplitude and phase of a wave; which stock; nothing for the others."""
    if kind == "stocks":
        stock = st.selectbox(
            "Stock",
            STOCKS,
            format_func=STOCK_NAMES.__getitem__,
            key=settings.widget_key(SeriesConfig, "stock"),
            help=limits(SeriesConfig, "stock")["about"],
        )
        return SeriesConfig(kind, stock=settings.keep(SeriesConfig, "stock", stock))
    names = [name for name in SLIDERS if name in SERIES_SETTINGS[kind]]
    if not names:
        return SeriesConfig(kind)
    values: dict[str, Any] = {}
    with st.popover("Shape of the wave", width="stretch", icon=":material/tune:"):
        for name in names:
            values[name] = _slider(settings, name, *SLIDERS[name])
    return SeriesConfig(kind, **values)


def _slider(settings: Settings, name: str, label: str, step: float, high: float) -> float:
    spec = limits(SeriesConfig, name)
    # names of their own in the address: noise in the data is not the noise that training adds
    wave = Settings(f"{settings.page}_wave")
    key = wave.widget_key(SeriesConfig, name)
    settings.notes += wave.notes
    now = st.session_state[key]
    low = spec["low"] if name != "amplitude" else step
    linked = value_beyond(key, not low <= now <= high)
    if linked is not None:
        low, high = min(low, linked), max(high, linked)
    value = st.slider(label, min(low, now), max(high, now), step=step, key=key, help=spec["about"])
    return wave.keep(SeriesConfig, name, value)
