"""The transport bar: play, pause, step, reset, speed, and how training stands."""

from __future__ import annotations

from lstm_core.config import Knobs
from pages.live.component import mount
from pages.live.slider import left_at
from pages.panels.settings import Settings


def transport_bar(token: str, settings: Settings) -> bool:
    """Show the bar for the run of `token`; True once if the run no longer exists on the server."""
    key = f"live_{settings.key('steps_per_second')}"
    speed, heard = left_at(key, settings.stored(Knobs, "steps_per_second"))
    result = mount(
        "transport.js",
        key=key,
        token=token,
        height=46,
        speed={
            "label": "Speed",
            "kind": "knob",
            "name": "steps_per_second",
            "value": speed,
            "heard": heard,
            "low": min(1.0, speed or 1.0),
            "high": 1000.0,
            "scale": "log",
            "decimals": 0,
            "whole": False,
            "unlimited": True,
            "about": "Training steps per second: 1 to talk over every step, max for as fast as it goes.",
        },
    )
    return bool(result.gone)
