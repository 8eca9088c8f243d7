"""The transport bar: play, pause, step, reset, speed, and how training stands."""

from __future__ import annotations

from lstm_core.config import Knobs
from pages.live.component import mount
from pages.live.slider import slider_data
from pages.panels.settings import Settings


def transport_bar(token: str, settings: Settings) -> bool:
    """Show the bar for the run of `token`; True once if the run no longer exists on the server."""
    name = "steps_per_second"
    key = settings.live_key(name)
    speed = slider_data(
        "Speed",
        Knobs,
        name,
        settings.stored(Knobs, name),
        key,
        scale="log",
        low=1.0,
        high=1000.0,
        about="Training steps per second: 1 to talk over every step, max for as fast as it goes.",
    )
    result = mount("transport.js", key=key, token=token, height=46, speed=speed)
    return bool(result.gone)
