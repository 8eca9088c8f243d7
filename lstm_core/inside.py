"""One unit at one time step, number by number; and how far what is shown is from what nn.LSTM computed."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from lstm_core.cell import layer_weights
from lstm_core.trace import Trace

ROUNDINGS = 10  # of nn.LSTM's own rounding error that what is shown may differ by
TRUTH_ALLOWED = 1e-5  # float32 over a hundred steps, for states up to 1; more in proportion where c is larger


@torch.no_grad()
def cell_numbers(
    lstm: nn.LSTM, embedded: Tensor, signals: Trace, layer: int, unit: int, time: int
) -> dict[str, Any]:
    """Everything that goes into h of one unit at one step, as Python floats, computed in float64.

    embedded: (T, 1, input_size), what the first layer reads. For each gate: the parts of x, h and the bias,
    their sum `pre`, and `out`, its σ (of g: tanh). Then `c_before`, `h_before`, `keep` = f · c_before,
    `write` = i · g, `c` = keep + write, `tanh_c`, `h` = o · tanh_c.
    """
    w_ih, w_hh, bias = layer_weights(lstm, layer)
    rows = slice(unit, None, lstm.hidden_size)  # of this unit's four gates
    x = (embedded if layer == 0 else signals.h[layer - 1])[time, 0].double()
    h = signals.h[layer, time - 1, 0].double() if time else x.new_zeros(lstm.hidden_size)
    c_before = signals.c[layer, time - 1, 0, unit].item() if time else 0.0
    x_parts, h_parts = (w_ih[rows].double() @ x).tolist(), (w_hh[rows].double() @ h).tolist()
    biases = [0.0] * 4 if bias is None else bias[rows].tolist()
    gates: dict[str, dict[str, float]] = {}
    for gate, *addends in zip("ifgo", x_parts, h_parts, biases, strict=True):
        parts = dict(zip("xhb", addends, strict=True))
        parts["pre"] = sum(addends)
        parts["out"] = math.tanh(parts["pre"]) if gate == "g" else _sigmoid(parts["pre"])
        gates[gate] = parts
    i, f, g, o = (gates[gate]["out"] for gate in "ifgo")
    c = f * c_before + i * g
    return {
        "gates": gates,
        "c_before": c_before,
        "h_before": h[unit].item(),
        "keep": f * c_before,
        "write": i * g,
        "c": c,
        "tanh_c": math.tanh(c),
        "h": o * math.tanh(c),
    }


@torch.no_grad()
def truth(lstm: nn.LSTM, embedded: Tensor, signals: Trace) -> dict[str, float]:
    """`difference`: the largest one between `signals` and what `lstm` itself says of the same inputs.

    nn.LSTM gives h of its top layer at every step, and h and c of every layer after the last one. Where it
    says nothing (the steps before, of lower layers), h has to be o ⊙ tanh(c) of what is shown, and c what the
    gates shown make of it. `allowed`: what float32 may differ by.
    """
    output, (h_last, c_last) = lstm(embedded)
    c_before = torch.cat([torch.zeros_like(signals.c[:, :1]), signals.c[:, :-1]], dim=1)
    pairs = (
        (signals.output, output),
        (signals.h[-1], output),
        (signals.h[:, -1], h_last),
        (signals.c[:, -1], c_last),
        (signals.o * torch.tanh(signals.c), signals.h),
        (signals.f * c_before + signals.i * signals.g, signals.c),
    )
    # max of a tensor with a NaN is NaN, as it should be here
    difference = torch.stack([(shown - true).abs().max() for shown, true in pairs]).max().item()
    # of NaN and 1, max takes 1
    allowed = TRUTH_ALLOWED * max(1.0, signals.c.abs().max().item())
    if difference > allowed:  # large weights make float32 lose more: how much it loses, float64 tells
        exact, (_, exact_c) = copy.deepcopy(lstm).double()(embedded.double())
        lost = torch.cat([(exact - output).flatten(), (exact_c - c_last).flatten()]).abs().max().item()
        allowed = max(allowed, ROUNDINGS * lost)
    return {"difference": difference, "allowed": allowed}


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
