"""From the settings of the hands on the gates to what the plain cell takes."""

from __future__ import annotations

import torch

from lstm_core.config import GATES, HELD, Hands, ModelConfig
from lstm_core.nn.cell import Hold, Holds

# what has to be 0 so that a unit stays silent: c = 0 · c + 0 · g, h = (1 − 0) · 0 + 0 · h, or h itself
SILENT = {"lstm": "if", "gru": "zn", "rnn": "h"}


def holds_of(hands: Hands, model: ModelConfig, dtype: torch.dtype = torch.float32) -> Holds | None:
    """What is held in each row: only `hands.layer`, or else the last, is touched. None if nothing is held.

    Of a unit that is off c and h stay 0. Gates that this cell does not have, and units that this network does
    not have, are ignored.
    """
    if hands.idle:
        return None
    gates, hidden = GATES[model.cell], model.hidden_size
    held = torch.zeros(len(gates), hidden, dtype=torch.bool)
    value = torch.zeros(len(gates), hidden, dtype=dtype)
    concerned = torch.zeros(hidden, dtype=torch.bool)
    concerned[[unit for unit in hands.selected if unit < hidden]] = True
    concerned |= hands.scope == "all"
    for row, gate in enumerate(gates):
        at = getattr(hands, gate) if gate in HELD else None
        if at is not None:
            held[row], value[row, concerned] = concerned, at
    off = [unit for unit in hands.off if unit < hidden]
    for gate in SILENT[model.cell]:
        row = gates.index(gate)
        held[row, off], value[row, off] = True, 0.0
    if not held.any():
        return None
    hold = Hold(held, value)
    held_row = min(hands.layer, model.rows - 1)
    return [hold if row == held_row else None for row in range(model.rows)]
