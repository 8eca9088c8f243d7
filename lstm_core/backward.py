"""Back-propagation through time by hand: the derivatives of the plain cell in lstm_core/cell.py.

One step reads x, h, c and computes i, f, g, o, c', h'. Write dz for dL/dz, the derivative of the loss L.
Two of them come from later: dh' from the layer above and from the next step, dc' from the next step.

    do  = dh' ⊙ tanh(c')                          h' = o ⊙ tanh(c')
    dc' = dc' + dh' ⊙ o ⊙ (1 − tanh(c')²)
    di  = dc' ⊙ g      df = dc' ⊙ c               c' = f ⊙ c + i ⊙ g
    dg  = dc' ⊙ i      dc = dc' ⊙ f
    da  = (di ⊙ i ⊙ (1 − i),  df ⊙ f ⊙ (1 − f),   a: the pre-activations of i, f, g, o;
           dg ⊙ (1 − g²),     do ⊙ o ⊙ (1 − o))   σ' = σ (1 − σ), tanh' = 1 − tanh²
    dx  = da W_ih      dh = da W_hh               a = W_ih x + b_ih + W_hh h + b_hh

and, summed over all steps and sequences, dW_ih = Σ da xᵀ, dW_hh = Σ da hᵀ, db_ih = db_hh = Σ da.
The way back through the cell state, dc = dc' ⊙ f, multiplies by the forget gate alone: where it stays
open, the gradient does not vanish (Hochreiter & Schmidhuber 1997; Gers et al. 2000).
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstm_core.cell import CellStep, layer_weights, run_cells
from lstm_core.model import SequenceModel

# Rounding in float64 leaves about 1e-15, in saturated networks 1e-13 to 1e-11; float32 would leave
# about 1e-5, and a wrong or missing term 1e-3 to 1. So this bound lies far from both.
ALLOWED = 1e-8


class CellGradient(NamedTuple):
    """Derivatives of the loss by what one cell computes and reads in one time step."""

    c: Tensor  # (B, H)  dc', complete: from the next step, and from h'
    a: Tensor  # (B, 4H)  pre-activations of i, f, g, o
    x: Tensor  # (B, input_size)
    h_before: Tensor  # (B, H)
    c_before: Tensor  # (B, H)


def cell_backward(
    step: CellStep, c_before: Tensor, dh: Tensor, dc: Tensor, w_ih: Tensor, w_hh: Tensor
) -> CellGradient:
    """One time step of one layer backwards.

    step: what `cell_step` gave, with no gate held by hand; c_before (B, H): the c that it read. dh (B, H):
    dL/dh', complete; dc (B, H): dL/dc' as far as it comes from the next step. Weights as in `cell_step`.
    """
    i, f, g, o, c, _ = step
    tanh_c = torch.tanh(c)
    do = dh * tanh_c
    dc = dc + dh * o * (1 - tanh_c**2)
    di, df, dg = dc * g, dc * c_before, dc * i
    da = torch.cat([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], dim=-1)
    return CellGradient(c=dc, a=da, x=da @ w_ih, h_before=da @ w_hh, c_before=dc * f)


@dataclass(frozen=True)
class Gradients:
    """Derivatives of a loss by everything in the LSTM; h and c count every way by which they reach it."""

    h: Tensor  # (num_layers, T, B, H)  dL/dh_t
    c: Tensor  # (num_layers, T, B, H)  dL/dc_t
    inputs: Tensor  # (T, B, input_size)
    weights: dict[str, Tensor]  # named as in `lstm.named_parameters()`


@torch.no_grad()
def backward(
    lstm: nn.LSTM,
    inputs: Tensor,
    cells: list[list[CellStep]],
    dh: Tensor,
    state: tuple[Tensor, Tensor] | None = None,
) -> Gradients:
    """The whole sequence backwards, layer by layer from the top, step by step from the end.

    inputs (T, B, input_size); cells: `run_cells(lstm, inputs, state)`, every step of every layer; dh
    (T, B, H): dL/dh_t of the top layer as far as L reads h_t itself. With zeros in it but at the last step
    the result shows how far back the gradient of that step's loss reaches. state (h0, c0): zeros if None.
    """
    length, batch = inputs.shape[:2]
    zeros = inputs.new_zeros(lstm.num_layers, batch, lstm.hidden_size)
    h0, c0 = (zeros, zeros) if state is None else state
    all_dh = inputs.new_empty(lstm.num_layers, length, batch, lstm.hidden_size)
    all_dc = torch.empty_like(all_dh)
    weights = {name: torch.zeros_like(weight) for name, weight in lstm.named_parameters()}
    from_above = dh
    for layer in reversed(range(lstm.num_layers)):
        w_ih, w_hh, _ = layer_weights(lstm, layer)
        steps = cells[layer]
        read = inputs if layer == 0 else torch.stack([step.h for step in cells[layer - 1]])
        dx = torch.empty_like(read)
        dh_later, dc_later = torch.zeros_like(zeros[0]), torch.zeros_like(zeros[0])
        for t in reversed(range(length)):
            h_before, c_before = (steps[t - 1].h, steps[t - 1].c) if t else (h0[layer], c0[layer])
            all_dh[layer, t] = from_above[t] + dh_later
            grad = cell_backward(steps[t], c_before, all_dh[layer, t], dc_later, w_ih, w_hh)
            all_dc[layer, t], dx[t] = grad.c, grad.x
            dh_later, dc_later = grad.h_before, grad.c_before
            weights[f"weight_ih_l{layer}"] += grad.a.T @ read[t]
            weights[f"weight_hh_l{layer}"] += grad.a.T @ h_before
            if lstm.bias:
                weights[f"bias_ih_l{layer}"] += grad.a.sum(0)
                weights[f"bias_hh_l{layer}"] += grad.a.sum(0)
        from_above = dx
    return Gradients(all_dh, all_dc, from_above, weights)


@torch.no_grad()
def head_backward(model: SequenceModel, hidden: Tensor, targets: Tensor) -> Tensor:
    """dL/dh_t (T, B, H) of `model.loss` over all steps, through the head, for its hidden states (T, B, H).

    targets: tokens (T, B), or values (T, B, 1).
    """
    predictions = model.head(hidden)
    if model.vocab_size is None:  # mean of (p − y)²
        slope = 2 * (predictions - targets)
    else:  # mean of −log softmax(p) at the target
        slope = torch.softmax(predictions, -1) - nn.functional.one_hot(targets, model.vocab_size)
    return slope / targets.numel() @ model.head.weight


@dataclass(frozen=True)
class Check:
    """difference: the largest |by hand − autograd| of any weight, relative to the largest |autograd| in the
    same tensor; NaN when weights are not finite. allowed: what rounding may leave. weights: how many were
    compared. seconds: how long it took.
    """

    difference: float
    allowed: float
    weights: int
    seconds: float


def gradient_check(model: SequenceModel, inputs: Tensor, targets: Tensor) -> Check:
    """Compare dL/dW of every LSTM weight, by hand through the plain cell, with torch's through `nn.LSTM`.

    L is `model.loss` over all steps of inputs (T, B) tokens or (T, B, 1) values; targets have the same
    shape. Both sides compute in float64 on a copy; the model, its gradients and every random stream stay
    as they are. Takes about as long as ten training steps on the same batch.
    """
    start = time.perf_counter()
    model = copy.deepcopy(model).double()
    if model.vocab_size is None:
        inputs, targets = inputs.double(), targets.double()
    with torch.enable_grad():
        loss = model.loss(model(inputs)[0], targets)
        parameters = dict(model.lstm.named_parameters())
        expected = torch.autograd.grad(loss, list(parameters.values()))

    with torch.no_grad():
        embedded = model.embed(inputs)
        cells = run_cells(model.lstm, embedded)
        dh = head_backward(model, torch.stack([step.h for step in cells[-1]]), targets)
    by_hand = backward(model.lstm, embedded, cells, dh).weights
    finite = all(weight.isfinite().all() for weight in model.parameters())
    pairs = zip((by_hand[name] for name in parameters), expected, strict=True)
    differences = torch.stack([_relative_difference(one, other) for one, other in pairs])
    return Check(
        difference=float(differences.max()) if finite else math.nan,
        allowed=ALLOWED,
        weights=sum(weight.numel() for weight in parameters.values()),
        seconds=time.perf_counter() - start,
    )


def _relative_difference(one: Tensor, other: Tensor) -> Tensor:
    """max |one − other| / max |other|; 0 where both are zero throughout, as W_hh is for a single step."""
    difference = (one - other).abs().max()
    return difference / other.abs().max() if difference != 0 else difference
