"""The LSTM in plain equations, one time step after another.

Slow and easy to read: the reference that the fast paths are tested against, and a place where every
single number can be taken out, changed or differentiated.

    i = σ(W_ii x + b_ii + W_hi h + b_hi)      input gate: what to write
    f = σ(W_if x + b_if + W_hf h + b_hf)      forget gate: what to keep
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)   candidate: new content
    o = σ(W_io x + b_io + W_ho h + b_ho)      output gate: what to show
    c' = f ⊙ c + i ⊙ g                        cell state: what it remembers
    h' = o ⊙ tanh(c')                         hidden state: what it says

(Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; names as in torch.nn.LSTM.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class CellStep(NamedTuple):
    """All that one cell computes in one time step; each (B, H)."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor


class Hold(NamedTuple):
    """Gates of one layer that are held by hand: where `held`, a gate has `value`, whatever the cell computed.

    Both (4, H); the rows are the gates i, f, g, o, in this order.
    """

    held: Tensor
    value: Tensor


Holds = Sequence[Hold | None]  # one for each layer


def gates(pre: Tensor, hold: Hold | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """i, f, g, o, each (…, H), from their pre-activations (…, 4H), which stand in this order."""
    i, f, g, o = pre.chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    if hold is not None:
        i, f, g, o = (
            torch.where(held, value, gate) for held, value, gate in zip(*hold, (i, f, g, o), strict=True)
        )
    return i, f, g, o


def cell_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    bias: Tensor | None = None,
    hold: Hold | None = None,
) -> CellStep:
    """One time step of one layer.

    x (B, input_size), h and c (B, H), w_ih (4H, input_size), w_hh (4H, H), bias (4H,), the sum of both
    of PyTorch's biases. The rows of the weights are the gates i, f, g, o, in this order.
    """
    pre = x @ w_ih.T + h @ w_hh.T
    if bias is not None:
        pre = pre + bias
    i, f, g, o = gates(pre, hold)
    c = f * c + i * g
    h = o * torch.tanh(c)
    return CellStep(i, f, g, o, c, h)


def layer_weights(lstm: nn.LSTM, layer: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """w_ih, w_hh and the summed bias (None without biases) of one layer of `lstm`."""
    w_ih, w_hh, *biases = lstm.all_weights[layer]
    return w_ih, w_hh, biases[0] + biases[1] if biases else None


def run_cells(
    lstm: nn.LSTM, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None, holds: Holds | None = None
) -> list[list[CellStep]]:
    """Read a whole sequence with the weights of `lstm`, step by step: result[layer][t] is a `CellStep`.

    inputs (T, B, input_size); state (h0, c0), each (num_layers, B, H), zeros if None; holds: gates that
    are held by hand, layer by layer.
    """
    batch = inputs.shape[1]
    zeros = inputs.new_zeros(lstm.num_layers, batch, lstm.hidden_size)
    h0, c0 = (zeros, zeros) if state is None else state
    steps: list[list[CellStep]] = []
    sequence = list(inputs.unbind(0))
    for layer in range(lstm.num_layers):
        w_ih, w_hh, bias = layer_weights(lstm, layer)
        hold = holds[layer] if holds else None
        h, c = h0[layer], c0[layer]
        steps.append([])
        for x in sequence:
            step = cell_step(x, h, c, w_ih, w_hh, bias, hold)
            h, c = step.h, step.c
            steps[layer].append(step)
        sequence = [step.h for step in steps[layer]]
    return steps
