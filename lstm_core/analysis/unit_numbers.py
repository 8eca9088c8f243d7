"""One unit at one time step, number by number; and how far what is shown is from what torch computed."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lstm_core.nn.cell import Core, Step, directions_of, is_backwards, plain_cell
from lstm_core.nn.trace import AnyTrace, Trace

ROUNDINGS = 10  # of torch's own rounding error that what is shown may differ by
TRUTH_ALLOWED = 1e-5  # float32 over a hundred steps, for states up to 1; more in proportion where c is larger


def step_before(core: Core, row: int, time: int, length: int) -> int | None:
    """The step that a row has read before `time`, of a row that reads from the end the one after; None if
    there is none."""
    step = time + 1 if is_backwards(core, row) else time - 1
    return step if 0 <= step < length else None


@torch.no_grad()
def cell_numbers(
    core: Core, embedded: Tensor, signals: AnyTrace, row: int, unit: int, time: int
) -> dict[str, Any]:
    """Everything that goes into h of one unit at one step, as Python floats, computed in float64.

    embedded: (T, 1, n), what the first layer reads. `gates` has for each gate the parts of x, h and the bias,
    their sum `pre`, and `out`, its σ or tanh. Beside it there is

    of an LSTM (each gate has its bias as `b`): c_before, h_before, keep = f · c_before, write = i · g,
    c = keep + write, tanh_c, h = o · tanh_c;
    of a GRU (each gate has `bias`; n has h = W_hn h + b_hn, of which gated = r · h is added up, and as `bias`
    b_in alone): h_before, keep = z · h_before, write = (1 − z) · n, h = keep + write;
    of an RNN (its only "gate" is h, with `bias`): h_before, h.
    """
    before = step_before(core, row, time, len(embedded))
    hidden = core.hidden_size
    x = _read_by(core, embedded, signals, row)[time, 0].double()
    h = x.new_zeros(hidden) if before is None else signals.h[row, before, 0].double()
    # of this unit's gates
    w_ih, w_hh, *biases = (weight[unit::hidden].double() for weight in core.all_weights[row])
    from_x, from_h = (w_ih @ x).tolist(), (w_hh @ h).tolist()
    b_ih, b_hh = (bias.tolist() for bias in biases) if biases else ([0.0] * len(w_ih),) * 2
    h_before = h[unit].item()
    if isinstance(core, nn.RNN):
        gate = _gate(math.tanh, x=from_x[0], h=from_h[0], bias=b_ih[0] + b_hh[0])
        return {"gates": {"h": gate}, "h_before": h_before, "h": gate["out"]}
    if isinstance(core, nn.GRU):
        r, z = (_gate(_sigmoid, x=from_x[k], h=from_h[k], bias=b_ih[k] + b_hh[k]) for k in (0, 1))
        past = from_h[2] + b_hh[2]
        n = _gate(math.tanh, x=from_x[2], bias=b_ih[2], gated=r["out"] * past) | {"h": past}
        keep, write = z["out"] * h_before, (1 - z["out"]) * n["out"]
        gates = {"r": r, "z": z, "n": n}
        return {"gates": gates, "h_before": h_before, "keep": keep, "write": write, "h": keep + write}
    assert isinstance(signals, Trace)
    gates = {}
    for k, name in enumerate("ifgo"):
        squash = math.tanh if name == "g" else _sigmoid
        gates[name] = _gate(squash, x=from_x[k], h=from_h[k], b=b_ih[k] + b_hh[k])
    i, f, g, o = (gate["out"] for gate in gates.values())
    c_before = 0.0 if before is None else signals.c[row, before, 0, unit].item()
    c = f * c_before + i * g
    return {
        "gates": gates,
        "c_before": c_before,
        "h_before": h_before,
        "keep": f * c_before,
        "write": i * g,
        "c": c,
        "tanh_c": math.tanh(c),
        "h": o * math.tanh(c),
    }


def _gate(squash: Callable[[float], float], **parts: float) -> dict[str, float]:
    pre = sum(parts.values())
    return {**parts, "pre": pre, "out": squash(pre)}


@torch.no_grad()
def truth(core: Core, embedded: Tensor, signals: AnyTrace) -> dict[str, float]:
    """`difference`: the largest one between `signals` and what `core` itself says of the same inputs.

    torch gives h of its top layer at every step, and the states of every row after the last one that it
    reads. Where it says nothing (the steps before, of lower layers; the gates), what is shown has to be what
    the equations make of the h and c shown before. `allowed`: what float32 may differ by.
    """
    true = torch.cat([_said(core, embedded), _equations(core, embedded, signals)])
    ends = [0 if is_backwards(core, row) else -1 for row in range(len(signals.h))]
    states = _states(signals)
    shown = [signals.output, *(state[row, end] for state in states for row, end in enumerate(ends))]
    shown += [value for name, value in vars(signals).items() if name != "output"]
    # max of a tensor with a NaN is NaN, as it should be here
    difference = (_flat(shown) - true).abs().max().item()
    # of NaN and 1, max takes 1
    allowed = TRUTH_ALLOWED * max(1.0, states[-1].abs().max().item())
    if difference > allowed:  # large weights make float32 lose more: how much it loses, float64 tells
        core, embedded = copy.deepcopy(core).double(), embedded.double()
        signals = type(signals)(**{name: value.double() for name, value in vars(signals).items()})
        exact = torch.cat([_said(core, embedded), _equations(core, embedded, signals)])
        allowed = max(allowed, ROUNDINGS * (exact - true).abs().max().item())
    return {"difference": difference, "allowed": allowed}


def truth_between(core: Core, signals: AnyTrace) -> float:
    """The largest difference, at any step of any row, between the states in `signals`, of which h is torch's
    own, and those that the gates beside them make of the states before. Costs a tenth of `truth`, because
    there is no matrix to multiply with; of an RNN, which has no gates, there is nothing to compare.
    """
    differences = [0.0]
    for row in range(len(signals.h)):
        values = {name: value[row].numpy() for name, value in vars(signals).items() if name != "output"}
        before = np.zeros_like(values["h"])
        here, there = (slice(-1), slice(1, None)) if is_backwards(core, row) else (slice(1, None), slice(-1))
        if isinstance(core, nn.LSTM):
            i, f, g, o, c, h = values.values()
            before[here] = c[there]
            made = f * before + i * g
            differences += [np.abs(made - c).max(), np.abs(o * np.tanh(made) - h).max()]
        elif isinstance(core, nn.GRU):
            _, z, n, h = values.values()
            before[here] = h[there]
            differences.append(np.abs((1 - z) * n + z * before - h).max())
    return float(np.max(differences))  # not a number, if one of them is none


def _said(core: Core, embedded: Tensor) -> Tensor:
    """All that `core` returns, flat: its output, h and maybe c of every row."""
    output, last = core(embedded)
    return _flat([output, *last] if isinstance(last, tuple) else [output, last])


def _equations(core: Core, embedded: Tensor, signals: AnyTrace) -> Tensor:
    """What the equations make of the states in `signals`, flat: signal by signal, row by row."""
    steps: list[Step] = []
    for row, (h, *c) in enumerate(zip(*_states(signals), strict=True)):
        before = tuple(_shifted(core, state, row) for state in (h, *c))
        steps.append(plain_cell(core, row)(_read_by(core, embedded, signals, row), before))
    return _flat([part for parts in zip(*steps, strict=True) for part in parts])


def _states(signals: AnyTrace) -> list[Tensor]:
    return [signals.h, signals.c] if isinstance(signals, Trace) else [signals.h]


def _flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def _read_by(core: Core, embedded: Tensor, signals: AnyTrace, row: int) -> Tensor:
    """What a row reads, (T, B, n): the inputs, or h of both directions of the layer below."""
    directions = directions_of(core)
    first = (row // directions - 1) * directions
    return embedded if first < 0 else torch.cat(list(signals.h[first : first + directions]), dim=-1)


def _shifted(core: Core, states: Tensor, row: int) -> Tensor:
    """The states (T, B, H) that each step of a row has read, from zeros on."""
    nothing = torch.zeros_like(states[:1])
    if is_backwards(core, row):
        return torch.cat([states[1:], nothing])
    return torch.cat([nothing, states[:-1]])


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
