"""The coloured sequence: what the network reads, coloured by one signal of one unit.

After Karpathy, Johnson & Fei-Fei, "Visualizing and Understanding Recurrent Networks", 2015.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pages.common.colours import GATES, NAMES, on_dark, scale_of
from pages.live.client.component import mount

SIGNALS = {"lstm": "chifgo", "gru": "hrzn", "rnn": "h"}  # as the buttons stand


def sequence(
    token: str,
    cell: str,
    *,
    key: str,
    height: int,
    series: bool = False,
    words: bool = False,
    find: bool = False,
) -> None:
    """The probe, coloured by the chosen signal of the chosen unit; with the buttons that choose the signal.

    find: whether a part of it can be marked for the Find panel, which then has to stand on the same page.
    """
    mount(
        "sequence.js",
        key=f"{key}_{cell}",
        token=token,
        height=height,
        stretch=True,
        series=series,
        words=words,
        find=find,
        palette=palette(cell),
    )


@cache
def palette(cell: str, /) -> dict[str, dict[str, Any]]:
    """For each signal of a cell its name, symbol and meaning; its colour and scale, each [light, dark]."""
    return {
        signal: {
            "name": NAMES[signal][0],
            "symbol": NAMES[signal][1],
            "about": NAMES[signal][2],
            "colour": [GATES[signal], on_dark(GATES[signal])],
            "scale": scale_of(signal),
        }
        for signal in SIGNALS[cell]
    }
