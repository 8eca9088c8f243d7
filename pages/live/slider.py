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
    high: float | None = None,
) -> None:
    """A slider for field `name` of `config` (`Knobs` or `View`), from its metadata, or up to `high`.

    scale: "linear", or "log" for values that matter by their ratio. decimals: shown (log: significant
    digits).
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
        low=spec["low"],
        high=max(spec["high"] if high is None else high, value or 0),  # a link may go further
        scale=scale,
        decimals=decimals,
        whole=isinstance(spec["low"], int),
        unlimited=False,
        about=spec["about"],
    )


def left_at(key: str, value: Any) -> tuple[Any, int]:
    """Where the live control `key` was left, else `value`; and which of its moves that was, else 0.

    A control that has moved since does not listen to Python until it has heard of that, too.
    """
    state = st.session_state.get(key)
    left = state.get("value") if state else None
    if not left:
        return value, 0
    forgotten = left["move"] <= st.session_state.get(f"forgotten_{key}", -1)
    return (value if forgotten else left["value"]), left["move"]


def forget_left_at(key: str) -> None:
    """From now on the control stands where Python says, until it is moved again."""
    st.session_state[f"forgotten_{key}"] = left_at(key, None)[1]


def live_text(label: str, name: str, value: str | None, *, key: str, token: str, about: str) -> None:
    """A text box for `probe` or `prompt` of the `View`.

    A value of None shows what the network uses by itself.
    """
    value, heard = left_at(key, value)
    mount(
        "textbox.js",
        key=key,
        token=token,
        height=54,
        label=label,
        name=name,
        value=value,
        heard=heard,
        about=about,
    )
