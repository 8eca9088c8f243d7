"""Sliders and text boxes that act WHILE they are moved or typed into, over the live channel."""

from __future__ import annotations

from typing import Any

from lstm_core.config import Checked, limits
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
    result = mount(
        "slider.js",
        key=key,
        token=token,
        height=44,
        label=label,
        kind=config.__name__.lower().replace("knobs", "knob"),
        name=name,
        value=value,
        low=spec["low"] if low is None else low,
        high=spec["high"] if high is None else high,
        scale=scale,
        decimals=decimals,
        whole=isinstance(spec["low"], int),
        unlimited=unlimited,
        about=about or spec["about"],
    )
    return value if result.value is None else result.value["value"]


def live_text(
    label: str, name: str, value: str | None, *, key: str, token: str, about: str, rows: int = 1
) -> Any:
    """A text box for `probe` or `prompt` of the `View`; returns the text it was last left at, or `value`.

    A value of None shows what the network uses by itself.
    """
    result = mount(
        "textbox.js",
        key=key,
        token=token,
        height=30 + 24 * rows,
        label=label,
        name=name,
        value=value,
        about=about,
        rows=rows,
    )
    return value if result.value is None else result.value["value"]
