"""The unrolled network: one box per time step, and the gradient that flows back through them as a ribbon."""

from __future__ import annotations

from pages.live.client.component import mount
from pages.panels.experiments.race import COLOURS


def unrolled(token: str, lane: str, *, key: str, height: int, logarithmic: bool) -> None:
    """Back-propagation through time in one lane of the race: the ribbon is as wide as the gradient is long.

    logarithmic: its width follows the power of ten instead, which shows what is left far back.
    """
    mount(
        "unrolled.js",
        key=key,
        token=token,
        height=height,
        stretch=True,
        lane=lane,
        colours=COLOURS[lane],
        logarithmic=logarithmic,
    )
