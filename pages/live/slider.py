"""Sliders and text boxes that act WHILE they are moved or typed into, over the live channel."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import Checked, Knobs, limits
from pages.live.component import mount


def live_slider(
    label: str,
    config: type[Checked],
    name: str,
    value: float | None,
    *,
    key: str,
    token: str,
    scale: str = "linear",
    decimals: int = 0,
    low: float | None = None,
    high: float | None = None,
    unlimited: bool = False,
    about: str = "",
) -> Any:
    """A slider for field `name` of `config` (`Knobs` or `View`), from its metadata or from low to high.

    scale: "linear", or "log" for values that matter by their ratio. decimals: shown (log: significant
    digits). unlimited: the right end means None. Returns the value it was last left at, or `value`.
    """
    spec = limits(config, name)
    value, heard = left_at(key, value)
    mount(
        "slider.js",
        key=key,
        token=token,
        height=44,
        label=label,
        kind="knob" if config is Knobs else "view",
        name=name,
        value=value,
        heard=heard,
        low=spec["low"] if low is None else low,
        high=spec["high"] if high is None else high,
        scale=scale,
        decimals=decimals,
        whole=isinstance(spec["low"], int),
        unlimited=unlimited,
        about=about or spec["about"],
    )
    return value


def left_at(key: str, value: Any) -> tuple[Any, int]:
    """Where the live control `key` was left, else `value`; and which of its moves that was, else 0.

    A control that has moved since does not listen to Python until it has heard of that, too.
    """
    state = st.session_state.get(key)
    left = state.get("value") if state else None
    return (left["value"], left["move"]) if left else (value, 0)


def live_text(label: str, name: str, value: str | None, *, key: str, token: str, about: str) -> Any:
    """A text box for `probe` or `prompt` of the `View`; returns the text it was last left at, or `value`.

    A value of None shows what the network uses by itself.
    """
    value, _ = left_at(key, value)
    mount(
        "textbox.js",
        key=key,
        token=token,
        height=54,
        label=label,
        name=name,
        value=value,
        about=about,
    )
    return value
