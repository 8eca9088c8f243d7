"""torch's own kernels for one row of a network: for a whole sequence, and for one step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lstm_core.nn.cell import Core


def fused_row(core: Core, row: int, x: Tensor, state: tuple[Tensor, ...]) -> Tensor:
    """h (T, B, H) of one row that reads x (T, B, n) from its beginning to its end.

    state: what its first step reads, as `cell.initial_states` has it.
    """
    weights = tuple(core.all_weights[row])
    start = [part[None] for part in state]
    if isinstance(core, nn.LSTM):
        return torch.lstm(x, start, weights, core.bias, 1, 0.0, False, False, False)[0]
    kernel = torch.gru if isinstance(core, nn.GRU) else torch.rnn_tanh
    return kernel(x, start[0], weights, core.bias, 1, 0.0, False, False, False)[0]


def fused_cell(core: Core, row: int) -> Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]:
    """One step of one row: from x (B, n) and the row's state to its new state, h and maybe c, each (B, H)."""
    weights = core.all_weights[row]
    if isinstance(core, nn.LSTM):
        return lambda x, state: torch.lstm_cell(x, state, *weights)
    cell = torch.gru_cell if isinstance(core, nn.GRU) else torch.rnn_tanh_cell
    return lambda x, state: (cell(x, state[0], *weights),)
