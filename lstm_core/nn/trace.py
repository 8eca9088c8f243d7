"""Exact gates and states of a fused `nn.LSTM`, `nn.GRU` or `nn.RNN`, without running it step by step.

The fused kernel returns only h. But h of all time steps is all that is needed: shifted by one step it is
the h_{t-1} that every gate read, so one matrix product gives every pre-activation at once. Of an LSTM only c
remains, and c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t is an elementwise scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from lstm_core.nn.cell import (
    Core,
    Holds,
    State,
    directions_of,
    gates,
    gru_gates,
    initial_states,
    is_backwards,
    refuse_unknown,
    run_cells,
    said,
)
from lstm_core.nn.fused import fused_row


@dataclass(frozen=True)
class Trace:
    """What an LSTM computed while it read a sequence.

    i, f, g, o, c, h: each (rows, T, B, hidden_size), with rows = num_layers · directions in PyTorch's order;
    g is the candidate, after its tanh. A row that reads from the end stands in the order of the inputs: what
    it has read before step t is t + 1 … T − 1.
    output: (T, B, hidden_size · directions), the top layer's h, equal to `lstm(inputs, state)[0]`.
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor
    output: Tensor


@dataclass(frozen=True)
class GRUTrace:
    """What a GRU computed: r, z, n, h and the output, with shapes and order as in `Trace`."""

    r: Tensor
    z: Tensor
    n: Tensor
    h: Tensor
    output: Tensor


@dataclass(frozen=True)
class RNNTrace:
    """What a plain RNN computed: h and the output, with shapes and order as in `Trace`."""

    h: Tensor
    output: Tensor


AnyTrace = Trace | GRUTrace | RNNTrace


@overload
def trace(lstm: nn.LSTM, inputs: Tensor, state: State | None = None) -> Trace: ...
@overload
def trace(lstm: nn.GRU, inputs: Tensor, state: State | None = None) -> GRUTrace: ...
@overload
def trace(lstm: nn.RNN, inputs: Tensor, state: State | None = None) -> RNNTrace: ...
def trace(lstm: Core, inputs: Tensor, state: State | None = None) -> AnyTrace:
    """Read `inputs` with `lstm`, an nn.LSTM, nn.GRU or nn.RNN, and return every gate and state.

    inputs (T, B, input_size), in the module's dtype; state as the module takes it, (h0, c0) or h0, each
    (rows, B, hidden_size), zeros if None. Differentiable: gradients flow as through the module itself.

    Raises ValueError for what has no such trace here: other modules, an nn.RNN with relu, a projecting LSTM,
    batch_first (pass time first instead), unbatched inputs, dropout that is switched on (it would trace other
    numbers than the module computes), and shapes or dtypes that do not fit.
    """
    _refuse_unsupported(lstm, inputs)
    states = initial_states(lstm, inputs, state)
    rows: list[tuple[Tensor, ...]] = []
    sequence = inputs
    for _ in range(lstm.num_layers):
        layer = range(len(rows), len(rows) + directions_of(lstm))
        rows += [_trace_row(lstm, row, sequence, states[row]) for row in layer]
        # h of this layer is what the next one reads
        sequence = torch.cat([rows[row][-1] for row in layer], dim=-1) if lstm.bidirectional else rows[-1][-1]
    stack = torch.stack if len(rows) > 1 else (lambda tensors: tensors[0][None])
    return _as_trace(lstm, [stack(tensors) for tensors in zip(*rows, strict=True)], sequence)


def held_trace(core: Core, inputs: Tensor, holds: Holds) -> Any:
    """The same under the hands, from zero state, step by step: nobody can hold the fused kernel."""
    rows: Any = run_cells(core, inputs, holds=holds)
    signals = [
        torch.stack([torch.stack([step[place] for step in steps]) for steps in rows])
        for place in range(len(rows[0][0]))
    ]
    return _as_trace(core, signals, torch.stack(said(core, rows)))


def _as_trace(core: Core, signals: Sequence[Tensor], output: Tensor) -> AnyTrace:
    kind: Any = Trace if isinstance(core, nn.LSTM) else GRUTrace if isinstance(core, nn.GRU) else RNNTrace
    return kind(*signals, output=output)


def _trace_row(core: Core, row: int, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Every signal of one row, each (T, B, H), for x (T, B, n) and the state that it begins with."""
    if not is_backwards(core, row):
        return _trace_forwards(core, row, x, state)
    return tuple(signal.flip(0) for signal in _trace_forwards(core, row, x.flip(0), state))


def _trace_forwards(core: Core, row: int, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    h = fused_row(core, row, x, state)
    if isinstance(core, nn.RNN):
        return (h,)
    h_before = torch.cat([state[0][None], h[:-1]])  # (T, B, H): what the gates read at each step
    w_x, w_h, *biases = core.all_weights[row]
    b_x, b_h = biases or (None, None)
    from_x, from_h = linear(x, w_x, b_x), linear(h_before, w_h, b_h)  # (T, B, gates · H)
    if isinstance(core, nn.GRU):
        return *gru_gates(from_x, from_h), h
    i, f, g, o = gates(from_x + from_h)
    return i, f, g, o, _scan(f, i * g, state[1]), h


def _scan(keep: Tensor, write: Tensor, start: Tensor) -> Tensor:
    """c (T, B, H) with c_t = keep_t ⊙ c_{t-1} + write_t and c_{-1} = `start` (B, H).

    Two such steps in a row are one of the same form, with keep and write composed; so each round lets every
    step look twice as far back, and log2(T) rounds are enough (Hillis & Steele 1986).
    """
    c = torch.cat([torch.addcmul(write[:1], keep[:1], start), write[1:]])
    if not c.requires_grad and c.device.type == "cpu" and c.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(_scanned(keep.numpy().copy(), c.numpy()))
    reach = 1
    while reach < len(c):
        c = torch.cat([c[:reach], torch.addcmul(c[reach:], keep[reach:], c[:-reach])])
        keep = torch.cat([keep[:reach], keep[reach:] * keep[:-reach]])
        reach *= 2
    return c


def _scanned(keep: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The same rounds in place: numpy calls a function of few numbers in a fraction of torch's time."""
    reach = 1
    while reach < len(c):
        c[reach:] += keep[reach:] * c[:-reach]
        keep[reach:] *= keep[:-reach]
        reach *= 2
    return c


def _refuse_unsupported(core: Any, inputs: Tensor) -> None:
    refuse_unknown(core)
    name = type(core).__name__
    if core.batch_first:
        raise ValueError(
            f"trace wants time first: build the {name} with batch_first=False, inputs (T, B, n)."
        )
    if core.dropout and core.training and core.num_layers > 1:
        raise ValueError(f"trace of a network with active dropout is not exact: call {name}.eval() first.")
    if inputs.dim() != 3 or inputs.shape[-1] != core.input_size or not inputs.shape[0]:
        raise ValueError(
            f"inputs have shape {tuple(inputs.shape)}; trace wants (T, B, {core.input_size}) with T ≥ 1."
        )
    if inputs.dtype != core.weight_ih_l0.dtype:
        raise ValueError(f"inputs are {inputs.dtype}, but the {name} is {core.weight_ih_l0.dtype}.")
