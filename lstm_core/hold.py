"""From the settings of the hands on the gates to what the plain cell takes."""

from __future__ import annotations

import torch

from lstm_core.cell import Hold, Holds
from lstm_core.config import Hands


def holds_of(
    hands: Hands, num_layers: int, hidden_size: int, dtype: torch.dtype = torch.float32
) -> Holds | None:
    """What is held in each layer: only `hands.layer`, or else the last, is touched. None if nothing is held.

    A unit that is off has its input and forget gate held at 0: then c = 0 · c + 0 · g = 0, and
    h = o · tanh 0 = 0. Units that this network does not have are ignored.
    """
    if hands.idle:
        return None
    held = torch.zeros(4, hidden_size, dtype=torch.bool)
    value = torch.zeros(4, hidden_size, dtype=dtype)
    concerned = torch.zeros(hidden_size, dtype=torch.bool)
    concerned[[unit for unit in hands.selected if unit < hidden_size]] = True
    concerned |= hands.scope == "all"
    for row, gate in enumerate("ifgo"):
        at = getattr(hands, gate)
        if at is not None:
            held[row], value[row, concerned] = concerned, at
    off = [unit for unit in hands.off if unit < hidden_size]
    for row in (0, 1):
        held[row, off], value[row, off] = True, 0.0
    if not held.any():
        return None
    hold = Hold(held, value)
    layer = min(hands.layer, num_layers - 1)
    return [hold if number == layer else None for number in range(num_layers)]
