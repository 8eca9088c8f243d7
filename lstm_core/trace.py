"""Exact gates, cell and hidden states of a fused `nn.LSTM`, without running it step by step.

The fused kernel returns only h. But h of all time steps is all that is needed: shifted by one step it is
the h_{t-1} that every gate read, so ONE matrix product gives every pre-activation at once. Only c remains,
and c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t is an elementwise scan.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lstm_core.cell import CellStep, Holds, gates, layer_weights, run_cells


@dataclass(frozen=True)
class Trace:
    """What an LSTM computed while it read a sequence.

    i, f, g, o, c, h: each (num_layers, T, B, hidden_size); g is the candidate, after its tanh.
    output: (T, B, hidden_size), the top layer's h, equal to `lstm(inputs, state)[0]`.
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor
    output: Tensor


def trace(lstm: nn.LSTM, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None) -> Trace:
    """Read `inputs` with `lstm` and return every gate and state.

    inputs (T, B, input_size), in the module's dtype; state (h0, c0), each (num_layers, B, hidden_size),
    zeros if None. Differentiable: gradients flow as they do through the module itself.

    Raises ValueError for what has no such trace here: a bidirectional or projecting LSTM, batch_first
    (pass time first instead), unbatched inputs, dropout that is switched on (it would trace other numbers
    than the module computes), and shapes or dtypes that do not fit.
    """
    _refuse_unsupported(lstm, inputs)
    shape = (lstm.num_layers, inputs.shape[1], lstm.hidden_size)
    if state is None:
        zeros = inputs.new_zeros(shape)
        state = (zeros, zeros)
    h0, c0 = state
    for name, tensor in (("h0", h0), ("c0", c0)):
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}; this LSTM and batch need {shape}.")

    layers = []
    sequence = inputs
    for layer in range(lstm.num_layers):
        signals = _trace_layer(lstm, layer, sequence, h0[layer], c0[layer])
        layers.append(signals)
        sequence = signals[-1]  # h of this layer is what the next one reads
    stack = torch.stack if len(layers) > 1 else (lambda tensors: tensors[0][None])
    i, f, g, o, c, h = (stack(tensors) for tensors in zip(*layers, strict=True))
    return Trace(i, f, g, o, c, h, output=sequence)


def held_trace(lstm: nn.LSTM, inputs: Tensor, holds: Holds) -> Trace:
    """The same with gates held by hand, from zero state, step by step: nobody can hold the fused kernel."""
    layers = run_cells(lstm, inputs, holds=holds)
    i, f, g, o, c, h = (
        torch.stack([torch.stack([getattr(step, name) for step in steps]) for steps in layers])
        for name in CellStep._fields
    )
    return Trace(i, f, g, o, c, h, output=h[-1])


def _trace_layer(lstm: nn.LSTM, layer: int, x: Tensor, h0: Tensor, c0: Tensor) -> tuple[Tensor, ...]:
    """i, f, g, o, c, h of one layer, each (T, B, H), for x (T, B, input_size) and h0, c0 (B, H)."""
    weights = tuple(lstm.all_weights[layer])
    h = torch.lstm(x, (h0[None], c0[None]), weights, lstm.bias, 1, 0.0, False, False, False)[0]

    w_ih, w_hh, bias = layer_weights(lstm, layer)
    h_before = torch.cat([h0[None], h[:-1]])  # (T, B, H): what the gates read at each step
    pre = torch.cat([x, h_before], dim=-1) @ torch.cat([w_ih, w_hh], dim=1).T  # (T, B, 4H)
    if bias is not None:
        pre = pre + bias
    i, f, g, o = gates(pre)
    return i, f, g, o, _scan(f, i * g, c0), h


def _scan(keep: Tensor, write: Tensor, start: Tensor) -> Tensor:
    """c (T, B, H) with c_t = keep_t ⊙ c_{t-1} + write_t and c_{-1} = `start` (B, H).

    Two such steps in a row are one of the same form, with keep and write composed; so each round lets every
    step look twice as far back, and log2(T) rounds are enough (Hillis & Steele 1986).
    """
    c = torch.cat([torch.addcmul(write[:1], keep[:1], start), write[1:]])
    reach = 1
    while reach < len(c):
        c = torch.cat([c[:reach], torch.addcmul(c[reach:], keep[reach:], c[:-reach])])
        keep = torch.cat([keep[:reach], keep[reach:] * keep[:-reach]])
        reach *= 2
    return c


def _refuse_unsupported(lstm: nn.LSTM, inputs: Tensor) -> None:
    if not isinstance(lstm, nn.LSTM):
        raise ValueError(f"trace reads a torch.nn.LSTM, not a {type(lstm).__name__}.")
    if lstm.bidirectional:
        raise ValueError("trace does not support a bidirectional LSTM: trace each direction on its own.")
    if lstm.proj_size:
        raise ValueError(f"trace does not support projections (proj_size={lstm.proj_size}); use proj_size=0.")
    if lstm.batch_first:
        raise ValueError("trace wants time first: build the LSTM with batch_first=False, inputs (T, B, n).")
    if lstm.dropout and lstm.training and lstm.num_layers > 1:
        raise ValueError("trace of an LSTM with active dropout is not exact: call lstm.eval() first.")
    if inputs.dim() != 3 or inputs.shape[-1] != lstm.input_size or not inputs.shape[0]:
        raise ValueError(
            f"inputs have shape {tuple(inputs.shape)}; trace wants (T, B, {lstm.input_size}) with T ≥ 1."
        )
    if inputs.dtype != lstm.weight_ih_l0.dtype:
        raise ValueError(f"inputs are {inputs.dtype}, but the LSTM is {lstm.weight_ih_l0.dtype}.")
