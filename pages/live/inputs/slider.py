"""Sliders and text boxes that act WHILE they are moved or typed into, over the live channel."""

from __future__ import annotations

from typing import Any

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
        **slider_data(label, config, name, value, **options),
    )


def slider_data(
    label: str,
    config: type[Checked],
    name: str,
    value: float | None,
    *,
    scale: str = "linear",
    decimals: int = 0,
    low: float | None = None,
    high: float | None = None,
    about: str | None = None,
) -> dict[str, Any]:
    """What slider.js needs for field `name`, from the field's metadata. value: until the run itself says it.

    scale: "linear", or "log" for values that matter by their ratio. decimals: shown (log: significant
    digits). low, high: where the slider ends, if not where the field does; a link may go further.
    """
    spec = limits(config, name)
    low, high = (spec[end] if given is None else given for end, given in (("low", low), ("high", high)))
    return {
        "label": label,
        "kind": "knob" if config is Knobs else "view",
        "name": name,
        "value": value,
        "low": low if value is None else min(low, value),
        "high": high if value is None else max(high, value),
        "scale": scale,
        "decimals": decimals,
        "whole": isinstance(spec["low"], int),
        "unlimited": spec["default"] is None,
        "about": about or spec["about"],
    }


def live_text(label: str, name: str, value: str | None, *, key: str, token: str, about: str) -> None:
    """A text box for `probe` or `prompt` of the `View`.

    value: until the run itself says it; None for what the network uses by itself.
    """
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
