"""Hands on the gates: controls that hold a gate at a value while the network goes on reading and writing."""

from __future__ import annotations

from functools import cache
from typing import Any

from lstm_core.config import Hands, limits
from pages.live.component import mount
from pages.panels.colours import NAMES, text_colour

GATES = "ifgo"


def hands_controls(token: str, *, key: str, height: int) -> None:
    """A switch and a slider for each gate, whom they concern, and units that are switched off."""
    mount("hands.js", key=key, token=token, height=height, part="controls", gates=gates())


def suggestions(token: str, *, key: str) -> None:
    """Interventions worth trying, one button each."""
    mount("hands.js", key=key, token=token, height=30, part="tries", gates=gates())


@cache
def gates() -> list[dict[str, Any]]:
    """For each gate its name, what it is for, its colour and the range in which it can be held."""
    return [
        {
            "gate": gate,
            "name": NAMES[gate][0],
            "about": NAMES[gate][2],
            "colour": text_colour(gate),
            "low": limits(Hands, gate)["low"],
            "high": limits(Hands, gate)["high"],
        }
        for gate in GATES
    ]
