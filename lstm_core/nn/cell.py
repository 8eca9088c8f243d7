"""The recurrent cells in plain equations, one time step after another: LSTM, GRU and the plain RNN.

Slow and easy to read: the reference that the fast paths are tested against, and a place where every
single number can be taken out, changed or differentiated. Names as in torch.nn.LSTM, GRU and RNN.

LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000):

    i = σ(W_ii x + b_ii + W_hi h + b_hi)            input gate: what to write
    f = σ(W_if x + b_if + W_hf h + b_hf)            forget gate: what to keep
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)         candidate: new content
    o = σ(W_io x + b_io + W_ho h + b_ho)            output gate: what to show
    c' = f ⊙ c + i ⊙ g                              cell state: what it remembers
    h' = o ⊙ tanh(c')                               hidden state: what it says

GRU (Cho et al. 2014; as PyTorch and cuDNN have it, with r behind the matrix of the candidate):

    r = σ(W_ir x + b_ir + W_hr h + b_hr)            reset gate: how much of the past the candidate sees
    z = σ(W_iz x + b_iz + W_hz h + b_hz)            update gate: what to keep
    n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))   candidate: new content
    h' = (1 − z) ⊙ n + z ⊙ h                        hidden state: what it remembers and says

RNN (Elman 1990):

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh)        hidden state: what it remembers and says

Layers and directions are counted together, as "rows", in PyTorch's order: layer · directions + direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

Core = nn.LSTM | nn.GRU | nn.RNN
State = tuple[Tensor, Tensor] | Tensor  # (h, c) of an LSTM, h of the others; each (rows, B, H)


class CellStep(NamedTuple):
    """All that an LSTM cell computes in one time step; each (B, H)."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor

    @property
    def state(self) -> tuple[Tensor, ...]:
        """What the next step reads."""
        return self.h, self.c


class GRUStep(NamedTuple):
    """All that a GRU cell computes in one time step; each (B, H)."""

    r: Tensor
    z: Tensor
    n: Tensor
    h: Tensor

    @property
    def state(self) -> tuple[Tensor, ...]:
        """What the next step reads."""
        return (self.h,)


class RNNStep(NamedTuple):
    """All that a plain RNN cell computes in one time step: (B, H)."""

    h: Tensor

    @property
    def state(self) -> tuple[Tensor, ...]:
        """What the next step reads."""
        return (self.h,)


Step = CellStep | GRUStep | RNNStep


class Hold(NamedTuple):
    """What is held by hand in one row of the network: where `held`, a gate has `value`, whatever the cell
    computed.

    Both (gates, H); the gates are i, f, g, o of an LSTM, r, z, n of a GRU, and h itself of an RNN.
    """

    held: Tensor
    value: Tensor

    def apply(self, gate: int, computed: Tensor) -> Tensor:
        """Gate number `gate`, as it is held."""
        return torch.where(self.held[gate], self.value[gate], computed)


Holds = Sequence[Hold | None]  # one for each row


def gates(pre: Tensor, hold: Hold | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """i, f, g, o of an LSTM, each (…, H), from their pre-activations (…, 4H), which stand in this order."""
    i, f, g, o = pre.chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    if hold is not None:
        i, f, g, o = (hold.apply(gate, computed) for gate, computed in enumerate((i, f, g, o)))
    return i, f, g, o


def gru_gates(from_x: Tensor, from_h: Tensor, hold: Hold | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """r, z, n of a GRU, each (…, H), from W_i x + b_i and W_h h + b_h, each (…, 3H), in this order."""
    x_r, x_z, x_n = from_x.chunk(3, dim=-1)
    h_r, h_z, h_n = from_h.chunk(3, dim=-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    if hold is not None:
        r, z = hold.apply(0, r), hold.apply(1, z)
    n = torch.tanh(x_n + r * h_n)
    return r, z, n if hold is None else hold.apply(2, n)


def cell_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    bias: Tensor | None = None,
    hold: Hold | None = None,
) -> CellStep:
    """One time step of one row of an LSTM.

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


def gru_step(
    x: Tensor,
    h: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
    hold: Hold | None = None,
) -> GRUStep:
    """One time step of one row of a GRU.

    x (B, input_size), h (B, H), w_ih (3H, input_size), w_hh (3H, H), biases (3H,). The rows of the weights
    are r, z, n, in this order.
    """
    r, z, n = gru_gates(linear(x, w_ih, b_ih), linear(h, w_hh, b_hh), hold)
    return GRUStep(r, z, n, (1 - z) * n + z * h)


def rnn_step(
    x: Tensor,
    h: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
    hold: Hold | None = None,
) -> RNNStep:
    """One time step of one row of a plain RNN.

    x (B, input_size), h (B, H), w_ih (H, input_size), w_hh (H, H), biases (H,).
    """
    h = torch.tanh(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))
    return RNNStep(h if hold is None else hold.apply(0, h))


def layer_weights(core: nn.LSTM, row: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """w_ih, w_hh and the summed bias (None without biases) of one row of an LSTM."""
    w_ih, w_hh, *biases = core.all_weights[row]
    return w_ih, w_hh, biases[0] + biases[1] if biases else None


def plain_cell(
    core: Core, row: int, hold: Hold | None = None
) -> Callable[[Tensor, tuple[Tensor, ...]], Step]:
    """One row of `core` as a function of x (B, input_size) and of a step's `state`, each (B, H)."""
    if isinstance(core, nn.LSTM):
        weights = layer_weights(core, row)
        return lambda x, state: cell_step(x, *state, *weights, hold)  # type: ignore[call-arg, arg-type]
    step: Any = gru_step if isinstance(core, nn.GRU) else rnn_step
    return lambda x, state: step(x, *state, *core.all_weights[row], hold=hold)


def directions_of(core: Core) -> int:
    """2 if `core` is bidirectional, else 1."""
    return 2 if core.bidirectional else 1


def is_backwards(core: Core, row: int) -> bool:
    """Whether a row reads from the end."""
    return core.bidirectional and row % 2 == 1


def initial_states(core: Core, inputs: Tensor, state: State | None = None) -> list[tuple[Tensor, ...]]:
    """What the first step of each row reads: h and, of an LSTM, c, each (B, H); zeros if there is no state.

    inputs (T, B, n). Raises ValueError for a state of another form or shape.
    """
    names = ("h0", "c0") if isinstance(core, nn.LSTM) else ("h0",)
    shape = (core.num_layers * directions_of(core), inputs.shape[1], core.hidden_size)
    if state is None:
        parts = [inputs.new_zeros(shape)] * len(names)
    else:
        parts = [state] if isinstance(state, Tensor) else list(state)
    if len(parts) != len(names) or (isinstance(state, Tensor) and isinstance(core, nn.LSTM)):
        wanted = "a pair (h0, c0)" if len(names) == 2 else "one tensor h0"
        raise ValueError(f"the state of an nn.{type(core).__name__} is {wanted}.")
    for name, part in zip(names, parts, strict=True):
        if tuple(part.shape) != shape:
            raise ValueError(
                f"{name} has shape {tuple(part.shape)}; this {type(core).__name__} and batch need {shape}."
            )
    return list(zip(*(part.unbind(0) for part in parts), strict=True))


def refuse_unknown(core: Any) -> None:
    """Raises ValueError for what is none of the cells above."""
    if not isinstance(core, Core):
        raise ValueError(f"this is a {type(core).__name__}; it must be nn.LSTM, nn.GRU or nn.RNN.")
    if isinstance(core, nn.RNN) and core.nonlinearity != "tanh":
        raise ValueError(f"an nn.RNN with {core.nonlinearity} is not supported; use nonlinearity='tanh'.")
    if core.proj_size:
        raise ValueError(f"projections (proj_size={core.proj_size}) are not supported; use proj_size=0.")


@overload
def run_cells(
    core: nn.LSTM, inputs: Tensor, state: State | None = None, holds: Holds | None = None
) -> list[list[CellStep]]: ...
@overload
def run_cells(
    core: nn.GRU, inputs: Tensor, state: State | None = None, holds: Holds | None = None
) -> list[list[GRUStep]]: ...
@overload
def run_cells(
    core: nn.RNN, inputs: Tensor, state: State | None = None, holds: Holds | None = None
) -> list[list[RNNStep]]: ...
def run_cells(core: Core, inputs: Tensor, state: State | None = None, holds: Holds | None = None) -> Any:
    """Read a whole sequence with the weights of `core`, step by step: result[row][t] is a step of its cell.

    inputs (T, B, input_size); state as `core` takes it, zeros if None; holds: what is held by hand, row by
    row. A step of a row that reads from the end stands at the t that it reads; its state comes from t + 1.
    Differentiable. Raises ValueError for what is no such cell, and for a state that does not fit.
    """
    refuse_unknown(core)
    states = initial_states(core, inputs, state)
    directions = directions_of(core)
    rows: list[list[Step]] = []
    sequence = list(inputs.unbind(0))
    for _ in range(core.num_layers):
        for _ in range(directions):
            row = len(rows)
            cell = plain_cell(core, row, holds[row] if holds else None)
            now, steps = states[row], []
            backwards = is_backwards(core, row)
            for x in reversed(sequence) if backwards else sequence:
                steps.append(cell(x, now))
                now = steps[-1].state
            rows.append(steps[::-1] if backwards else steps)
        sequence = said(core, rows)
    return rows


def said(core: Core, rows: Sequence[Sequence[Step]]) -> list[Tensor]:
    """h of the last layer among `rows`, each step (B, H · directions): what the next layer reads."""
    if not core.bidirectional:
        return [step.h for step in rows[-1]]
    return [torch.cat([one.h, other.h], dim=-1) for one, other in zip(*rows[-2:], strict=True)]


def last_state(core: Core, rows: Sequence[Sequence[Step]]) -> State:
    """The state after the last step that each row read, as `core` itself returns it."""
    last = [steps[0 if is_backwards(core, row) else -1].state for row, steps in enumerate(rows)]
    parts = [torch.stack(part) for part in zip(*last, strict=True)]
    return (parts[0], parts[1]) if len(parts) == 2 else parts[0]
