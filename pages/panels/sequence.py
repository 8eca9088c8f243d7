"""The coloured sequence: what the network reads, coloured by one signal of one unit.

After Karpathy, Johnson & Fei-Fei, "Visualizing and Understanding Recurrent Networks", 2015.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pages.live.component import mount
from pages.panels.colours import GATES, NAMES, diverging_scale, gate_scale, on_dark

SIGNALS = "chifgo"  # as the buttons stand


def sequence(
    token: str, *, key: str, height: int, series: bool = False, words: bool = False, find: bool = False
) -> None:
    """The probe, coloured by the chosen signal of the chosen unit; with the buttons that choose the signal.

    find: whether a part of it can be marked for the Find panel, which then has to stand on the same page.
    """
    mount(
        "sequence.js",
        key=key,
        token=token,
        height=height,
        stretch=True,
        series=series,
        words=words,
        find=find,
        palette=palette(),
    )


@cache
def palette() -> dict[str, dict[str, Any]]:
    """For each signal its name, symbol and meaning; its colour and its colour scale, each [light, dark]."""
    return {
        signal: {
            "name": NAMES[signal][0],
            "symbol": NAMES[signal][1],
            "about": NAMES[signal][2],
            "colour": [GATES[signal], on_dark(GATES[signal])],
            "scale": gate_scale(signal) if signal in "ifo" else diverging_scale(),
        }
        for signal in SIGNALS
    }
