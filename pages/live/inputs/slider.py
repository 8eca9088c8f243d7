"""Sliders and text boxes that act WHILE they are moved or typed into, over the live channel."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import Knobs
from lstm_core.config.fields import Checked, limits
from pages.live.client.component import mount


def live_slider(
    label: str,
    config: type[Checked],
    name: str,
    value: float | None,
    *,
    key: str,
    token: str,
    **options: Any,
) -> None:
    """A slider for field `name` of `config` (`Knobs` or `View`); the options are those of `slider_data`."""
    mount(
        "slider.js",
        key=key,
        token=token,
        height=44,
        **slider_data(label, config, name, value, key, **options),
    )


def slider_data(
    label: str,
    config: type[Checked],
    name: str,
    value: float | None,
    key: str,
    *,
    scale: str = "linear",
    decimals: int = 0,
    low: float | None = None,
    high: float | None = None,
    about: str | None = None,
) -> dict[str, Any]:
    """What slider.js needs for field `name`, from the field's metadata.

    scale: "linear", or "log" for values that matter by their ratio. decimals: shown (log: significant
    digits). low, high: where the slider ends, if not where the field does; a link may go further.
    """
    spec = limits(config, name)
    value, heard = left_at(key, value)
    low, high = (spec[end] if given is None else given for end, given in (("low", low), ("high", high)))
    return {
        "label": label,
        "kind": "knob" if config is Knobs else "view",
        "name": name,
        "value": value,
        "heard": heard,
        "low": low if value is None else min(low, value),
        "high": high if value is None else max(high, value),
        "scale": scale,
        "decimals": decimals,
        "whole": isinstance(spec["low"], int),
        "unlimited": spec["default"] is None,
        "about": about or spec["about"],
    }


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


def moved_unheard(key: str) -> bool:
    """Whether the live control `key` was last moved while the connection was lost, so that neither the run
    nor this session has heard of it yet.
    """
    state = st.session_state.get(key)
    left = state.get("value") if state else None
    return bool(left and left.get("unheard") and left["move"] > st.session_state.get(f"heard_{key}", -1))


def note_heard(key: str) -> None:
    """This session knows where the live control `key` was left."""
    st.session_state[f"heard_{key}"] = left_at(key, None)[1]


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
