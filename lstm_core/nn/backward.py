"""Back-propagation through time by hand: the derivatives of the plain cells in lstm_core/nn/cell.py.

Write dz for dL/dz, the derivative of the loss L. Two of them come from later: dh' from the layer above and
from the next step, dc' from the next step. Of an LSTM, whose step reads x, h, c and computes
i, f, g, o, c', h':

    do  = dh' ⊙ tanh(c')                          h' = o ⊙ tanh(c')
    dc' = dc' + dh' ⊙ o ⊙ (1 − tanh(c')²)
    di  = dc' ⊙ g      df = dc' ⊙ c               c' = f ⊙ c + i ⊙ g
    dg  = dc' ⊙ i      dc = dc' ⊙ f
    da  = (di ⊙ i ⊙ (1 − i),  df ⊙ f ⊙ (1 − f),   a: the pre-activations of i, f, g, o;
           dg ⊙ (1 − g²),     do ⊙ o ⊙ (1 − o))   σ' = σ (1 − σ), tanh' = 1 − tanh²
    dx  = da W_ih      dh = da W_hh               a = W_ih x + b_ih + W_hh h + b_hh

Of a GRU, with u = W_hn h + b_hn, which its reset gate multiplies:

    dz  = dh' ⊙ (h − n)      dn = dh' ⊙ (1 − z)   h' = (1 − z) ⊙ n + z ⊙ h
    da_n = dn ⊙ (1 − n²)     dr = da_n ⊙ u        n = tanh(W_in x + b_in + r ⊙ u)
    da  = (dr ⊙ r ⊙ (1 − r), dz ⊙ z ⊙ (1 − z), da_n)   by W_ih x + b_ih;  by W_hh h + b_hh its last
                                                       part is da_n ⊙ r instead: call that da_h
    dx  = da W_ih            dh = da_h W_hh + dh' ⊙ z

Of an RNN: da = dh' ⊙ (1 − h'²), dx = da W_ih, dh = da W_hh.

And, summed over all steps and sequences, dW_ih = Σ da xᵀ, dW_hh = Σ da_h hᵀ, db_ih = Σ da, db_hh = Σ da_h,
where da_h is da but in a GRU.

The way back through the cell state, dc = dc' ⊙ f, multiplies by the forget gate alone: where it stays
open, the gradient does not vanish (Hochreiter & Schmidhuber 1997; Gers et al. 2000). The term dh' ⊙ z of a
GRU does the same; an RNN has only the way through W_hh.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from lstm_core.config import IGNORED
from lstm_core.nn.cell import (
    CellStep,
    Core,
    GRUStep,
    RNNStep,
    State,
    Step,
    initial_states,
    run_cells,
    said,
)
from lstm_core.nn.model import SequenceModel

# Rounding in float64 leaves about 1e-15, in saturated networks 1e-13 to 1e-11; float32 would leave
# about 1e-5, and a wrong or missing term 1e-3 to 1. So this bound lies far from both.
ALLOWED = 1e-8


class CellGradient(NamedTuple):
    """Derivatives of the loss by what one cell computes and reads in one time step."""

    a: Tensor  # (B, gates · H)  W_ih x + b_ih, gate by gate
    a_h: Tensor  # (B, gates · H)  W_hh h + b_hh; the same as a, but in a GRU
    x: Tensor  # (B, n)
    h_before: Tensor  # (B, H)
    # of an LSTM
    c: Tensor | None = None  # (B, H)  dc', complete: from the next step, and from h'
    c_before: Tensor | None = None  # (B, H)


def cell_backward(
    step: CellStep, c_before: Tensor, dh: Tensor, dc: Tensor, w_ih: Tensor, w_hh: Tensor
) -> CellGradient:
    """One time step of one layer of an LSTM backwards.

    step: what `cell_step` gave, with no gate held by hand; c_before (B, H): the c that it read. dh (B, H):
    dL/dh', complete; dc (B, H): dL/dc' as far as it comes from the next step. Weights as in `cell_step`.
    """
    i, f, g, o, c, _ = step
    tanh_c = torch.tanh(c)
    do = dh * tanh_c
    dc = dc + dh * o * (1 - tanh_c**2)
    di, df, dg = dc * g, dc * c_before, dc * i
    da = torch.cat([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], dim=-1)
    return CellGradient(da, da, x=da @ w_ih, h_before=da @ w_hh, c=dc, c_before=dc * f)


def gru_backward(
    step: GRUStep, h_before: Tensor, dh: Tensor, w_ih: Tensor, w_hh: Tensor, b_hh: Tensor | None = None
) -> CellGradient:
    """The same of a GRU; h_before (B, H): the h that it read."""
    r, z, n, _ = step
    hidden = h_before.shape[-1]
    u = linear(h_before, w_hh[2 * hidden :], None if b_hh is None else b_hh[2 * hidden :])
    da_n = dh * (1 - z) * (1 - n**2)
    dr, dz = da_n * u, dh * (h_before - n)
    da_r, da_z = dr * r * (1 - r), dz * z * (1 - z)
    da, da_h = torch.cat([da_r, da_z, da_n], dim=-1), torch.cat([da_r, da_z, da_n * r], dim=-1)
    return CellGradient(da, da_h, x=da @ w_ih, h_before=da_h @ w_hh + dh * z)


def rnn_backward(step: RNNStep, dh: Tensor, w_ih: Tensor, w_hh: Tensor) -> CellGradient:
    """The same of a plain RNN."""
    da = dh * (1 - step.h**2)
    return CellGradient(da, da, x=da @ w_ih, h_before=da @ w_hh)


@dataclass(frozen=True)
class Gradients:
    """Derivatives of a loss by everything in a network; h and c count every way by which they reach it."""

    h: Tensor  # (num_layers, T, B, H)  dL/dh_t
    c: Tensor | None  # (num_layers, T, B, H)  dL/dc_t; None of a cell that has no c
    inputs: Tensor  # (T, B, input_size)
    weights: dict[str, Tensor]  # named as in `core.named_parameters()`


@torch.no_grad()
def backward(
    core: Core, inputs: Tensor, cells: Sequence[Sequence[Step]], dh: Tensor, state: State | None = None
) -> Gradients:
    """The whole sequence backwards, layer by layer from the top, step by step from the end.

    inputs (T, B, input_size); cells: `run_cells(core, inputs, state)`, every step of every layer; dh
    (T, B, H): dL/dh_t of the top layer as far as L reads h_t itself. With zeros in it but at the last step
    the result shows how far back the gradient of that step's loss reaches. state: zeros if None.

    Raises ValueError for a bidirectional network.
    """
    if core.bidirectional:
        raise ValueError("these are the derivatives of a network that reads in one direction.")
    length, batch = inputs.shape[:2]
    states = initial_states(core, inputs, state)
    all_dh = inputs.new_empty(core.num_layers, length, batch, core.hidden_size)
    all_dc = torch.empty_like(all_dh) if isinstance(core, nn.LSTM) else None
    weights = {name: torch.zeros_like(weight) for name, weight in core.named_parameters()}
    from_above = dh
    for layer in reversed(range(core.num_layers)):
        steps = cells[layer]
        read = inputs if layer == 0 else torch.stack([step.h for step in cells[layer - 1]])
        dx = torch.empty_like(read)
        dh_later = dc_later = torch.zeros_like(states[layer][0])
        for t in reversed(range(length)):
            before = steps[t - 1].state if t else states[layer]
            all_dh[layer, t] = from_above[t] + dh_later
            grad = _step_backward(core, layer, steps[t], before, all_dh[layer, t], dc_later)
            dx[t], dh_later = grad.x, grad.h_before
            if all_dc is not None and grad.c is not None and grad.c_before is not None:
                all_dc[layer, t], dc_later = grad.c, grad.c_before
            weights[f"weight_ih_l{layer}"] += grad.a.T @ read[t]
            weights[f"weight_hh_l{layer}"] += grad.a_h.T @ before[0]
            if core.bias:
                weights[f"bias_ih_l{layer}"] += grad.a.sum(0)
                weights[f"bias_hh_l{layer}"] += grad.a_h.sum(0)
        from_above = dx
    return Gradients(all_dh, all_dc, from_above, weights)


def _step_backward(
    core: Core, layer: int, step: Step, before: tuple[Tensor, ...], dh: Tensor, dc: Tensor
) -> CellGradient:
    w_ih, w_hh, *biases = core.all_weights[layer]
    if isinstance(step, CellStep):
        return cell_backward(step, before[1], dh, dc, w_ih, w_hh)
    if isinstance(step, GRUStep):
        return gru_backward(step, before[0], dh, w_ih, w_hh, biases[1] if biases else None)
    return rnn_backward(step, dh, w_ih, w_hh)


@torch.no_grad()
def head_backward(model: SequenceModel, hidden: Tensor, targets: Tensor) -> Tensor:
    """dL/dh_t (T, B, H) of `model.loss` over all steps, through the head, for its hidden states (T, B, H).

    targets: tokens (T, B), of which those that are −100 do not count, or values (T, B, output_size).
    """
    predictions = model.head(hidden)
    if model.vocab_size is None:  # mean of (p − y)²
        return 2 * (predictions - targets) / targets.numel() @ model.head.weight
    # mean of −log softmax(p) at the target
    counts = (targets != IGNORED)[..., None]
    slope = torch.softmax(predictions, -1) - nn.functional.one_hot(targets.clamp_min(0), model.vocab_size)
    return slope * counts / counts.sum().clamp_min(1) @ model.head.weight


@dataclass(frozen=True)
class Check:
    """difference: the largest |ours − autograd| of any weight, relative to the largest |autograd| in the same
    tensor; NaN when weights are not finite. allowed: what rounding may leave. weights: how many were
    compared. seconds: how long it took. way: what ours is, "by hand", or autograd through the "plain cell".
    """

    difference: float
    allowed: float
    weights: int
    seconds: float
    way: str


def gradient_check(model: SequenceModel, inputs: Tensor, targets: Tensor) -> Check:
    """Compare dL/dW of every recurrent weight, by hand through the plain cell, with torch's through the fused
    module; of a bidirectional network autograd goes through the plain cell.

    L is `model.loss` over all steps of inputs, tokens (T, B) or values (T, B, n), and their targets. Both
    sides compute in float64 on a copy; the model, its gradients and every random stream stay as they are.
    Takes about as long as ten training steps on the same batch.
    """
    start = time.perf_counter()
    model = copy.deepcopy(model).double()
    if model.vocab_size is None:
        inputs, targets = inputs.double(), targets.double()
    parameters = dict(model.core.named_parameters())
    with torch.enable_grad():
        loss = model.loss(model(inputs)[0], targets)
        expected = torch.autograd.grad(loss, list(parameters.values()))
    ours = (_through_plain_cell if model.core.bidirectional else _by_hand)(model, inputs, targets)
    finite = all(weight.isfinite().all() for weight in model.parameters())
    differences = torch.stack([_relative_difference(*pair) for pair in zip(ours, expected, strict=True)])
    return Check(
        difference=float(differences.max()) if finite else math.nan,
        allowed=ALLOWED,
        weights=sum(weight.numel() for weight in parameters.values()),
        seconds=time.perf_counter() - start,
        way="plain cell" if model.core.bidirectional else "by hand",
    )


@torch.no_grad()
def _by_hand(model: SequenceModel, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    embedded = model.embed(inputs)
    cells = run_cells(model.core, embedded)
    dh = head_backward(model, torch.stack(said(model.core, cells)), targets)
    return list(backward(model.core, embedded, cells, dh).weights.values())


@torch.enable_grad()
def _through_plain_cell(model: SequenceModel, inputs: Tensor, targets: Tensor) -> Sequence[Tensor]:
    hidden = torch.stack(said(model.core, run_cells(model.core, model.embed(inputs))))
    return torch.autograd.grad(model.loss(model.head(hidden), targets), list(model.core.parameters()))


def _relative_difference(one: Tensor, other: Tensor) -> Tensor:
    """max |one − other| / max |other|; 0 where both are zero throughout, as W_hh is for a single step."""
    difference = (one - other).abs().max()
    return difference / other.abs().max() if difference != 0 else difference
