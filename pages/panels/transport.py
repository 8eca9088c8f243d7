"""The transport bar: play, pause, step, reset, speed; how training stands, how true it is; its history."""

from __future__ import annotations

from lstm_core.config import Knobs
from pages.live.component import mount
from pages.live.slider import slider_data
from pages.panels.run import branch_run, parent_of, return_run
from pages.panels.settings import Settings


def transport_bar(token: str, settings: Settings, experiment: bool = False) -> bool:
    """Show the bar for the run of `token`; that of an experiment has no time machine.

    True once if the page has to run again for another run: the old one no longer exists on the server, or a
    new one goes on from an earlier step of it, or the user returns from there.
    """
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
    height = 46 if experiment else 78
    parent = parent_of(settings.page)
    result = mount(
        "transport.js",
        key=key,
        token=token,
        height=height,
        speed=speed,
        parent=parent,
        experiment=experiment,
    )
    if isinstance(result.branch, int):
        return branch_run(settings.page, token, result.branch)
    if result.back is not None and return_run(settings.page):
        return True
    return bool(result.gone)
