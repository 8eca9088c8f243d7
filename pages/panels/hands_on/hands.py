"""Hands on the gates: controls that hold a gate at a value while the network goes on reading and writing."""

from __future__ import annotations

from functools import cache
from typing import Any

from lstm_core.config import Hands
from lstm_core.config.fields import limits
from pages.common.colours import NAMES, text_colour
from pages.live.client.component import mount

GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": ""}  # that can be held, as they stand


def hands_controls(token: str, cell: str, *, key: str, height: int) -> None:
    """A switch and a slider for each gate, whom they concern, and units that are switched off."""
    _mount(token, cell, key=key, height=height, part="controls")


def suggestions(token: str, cell: str, *, key: str) -> None:
    """Interventions worth trying, one button each."""
    _mount(token, cell, key=key, height=30, part="tries")


def _mount(token: str, cell: str, *, key: str, height: int, part: str) -> None:
    key = f"{key}_{cell}"
    mount("hands.js", key=key, token=token, height=height, part=part, cell=cell, gates=gates(cell))


@cache
def gates(cell: str, /) -> list[dict[str, Any]]:
    """For each gate of a cell its name, what it is for, its colour and the range in which it can be held."""
    return [
        {
            "gate": gate,
            "name": NAMES[gate][0],
            "about": NAMES[gate][2],
            "colour": text_colour(gate),
            "low": limits(Hands, gate)["low"],
            "high": limits(Hands, gate)["high"],
        }
        for gate in GATES[cell]
    ]
