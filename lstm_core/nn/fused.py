"""torch's own kernels, as its modules call them: for a network or one row of it over a whole sequence, and
for one step. The modules' checks of shapes take as long as some ten time steps, so they are left out.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lstm_core.nn.cell import Core, State, directions_of


def fused(core: Core, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
    """`core(x, state)` for x (T, B, n) and a state that fits, zeros if None, of a `core` without dropout."""
    weights: list[Tensor] = [weight for row in core.all_weights for weight in row]
    form = core.bias, core.num_layers, 0.0, core.training, core.bidirectional, False
    if state is None:
        zeros = x.new_zeros(core.num_layers * directions_of(core), x.shape[1], core.hidden_size)
        state = (zeros, zeros) if isinstance(core, nn.LSTM) else zeros
    if isinstance(state, tuple):
        output, h, c = torch.lstm(x, state, weights, *form)
        return output, (h, c)
    kernel = torch.gru if isinstance(core, nn.GRU) else torch.rnn_tanh
    return kernel(x, state, weights, *form)


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
