"""How the gradient of the last step's loss flows back through time: ‖∂L/∂h_t‖ and ‖∂L/∂c_t‖ at every step.

Each h_t and c_t counts every way by which it reaches the loss. One step backwards multiplies by the
derivative of the cell (lstm_core/nn/cell.py) by what it read. All of that which does not depend on later
steps is computed for all steps at once; what is left of a step is little more than one product with W_hh:

    RNN    dh ← (dh ⊙ (1 − h²)) W_hh
    LSTM   dc ← dc + dh ⊙ o ⊙ (1 − tanh² c)                               and then, for the step before,
           dh ← (dc ⊙ g i (1 − i), dc ⊙ c_before f (1 − f), dc ⊙ i (1 − g²), dh ⊙ tanh(c) o (1 − o)) W_hh
           dc ← dc ⊙ f
    GRU    dh ← dh ⊙ z + (dh ⊙ d m r (1 − r), dh ⊙ (h_before − n) z (1 − z), dh ⊙ d r) W_hh
           with d = (1 − z) (1 − n²) and m = W_hn h_before + b_hn

One way back through an LSTM meets no weights: dc ⊙ f ⊙ f ⊙ …, along the cell state. Where the forget gates
stay open, the gradient arrives undiminished (Hochreiter & Schmidhuber 1997; Gers et al. 2000). A GRU has such
a way, too: dh ⊙ z ⊙ z ⊙ ….
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lstm_core.config import IGNORED
from lstm_core.nn.cell import Core
from lstm_core.nn.model import SequenceModel
from lstm_core.nn.trace import GRUTrace, RNNTrace, Trace, trace
from lstm_core.serialization.reader import Reader
from lstm_core.tasks.batch import Batch


class Flow(NamedTuple):
    """How much gradient arrives at each step: lengths over the units of ∂L/∂h_t, of ∂L/∂c_t (LSTM only), and
    of what comes along the memory alone, through the forget gates (LSTM, to c) or update gates (GRU, to h).

    Each (T,) float64, means over the sequences; None for what a cell does not have.
    """

    h: np.ndarray
    c: np.ndarray | None
    straight: np.ndarray | None


def read_flow(tree: Any) -> Flow:
    """The flow whose `_asdict` this is, as it came out of a file. Raises ValueError if it is none."""
    reader = Reader(tree, "flow of the gradient")
    h = reader.array("h", (None,), np.float64)
    others = (reader.maybe(name, reader.array, h.shape, np.float64) for name in ("c", "straight"))
    found = Flow(h, *others)
    reader.end()
    if not len(h):
        raise ValueError("the flow of the gradient has no steps.")
    return found


class Gradients(NamedTuple):
    """The same before lengths are taken: ∂L/∂h_t, ∂L/∂c_t and the straight part, each (T, B, H) float64."""

    h: Tensor
    c: Tensor | None = None
    straight: Tensor | None = None


@torch.no_grad()
def flow(model: SequenceModel, batch: Batch, reach: int | None = None) -> Flow:
    """How the gradient flows back from the last step that counts, in a network of one layer and direction.

    T ends with that step. L is each sequence's own loss, so that their number makes no difference. reach: of
    truncated back-propagation, as `SequenceModel.forward` has it. Takes some 5 ms for 8 sequences of T = 100.
    """
    counts = (batch.targets != IGNORED).flatten(1).any(1).nonzero()
    last = int(counts[-1])
    if reach is not None:  # the model counts its chunks from the end of the sequence
        reach -= (len(batch.targets) - 1 - last) % reach
    signals = trace(model.core, model.embed(batch.inputs[: last + 1]))
    dh = loss_gradient(model, signals.output[last:], batch.targets[last : last + 1])
    found = gradients(model.core, signals, dh, reach)
    c, straight = (None if one is None else lengths(one) for one in (found.c, found.straight))
    return Flow(lengths(found.h), c, straight)


def lengths(vectors: Tensor) -> np.ndarray:
    """Lengths over the units of (T, B, H), and their mean over the sequences: (T,)."""
    return vectors.norm(dim=-1).mean(1).numpy()


def loss_gradient(model: SequenceModel, hidden: Tensor, targets: Tensor) -> Tensor:
    """∂L/∂h (B, H) for each sequence's own loss at one step.

    hidden (1, B, H), targets (1, B) or (1, B, 1).
    """
    with torch.enable_grad():
        hidden = hidden.detach().requires_grad_()
        loss = model.loss(model.head(hidden), targets) * hidden.shape[1]
        return torch.autograd.grad(loss, hidden)[0][0]


@torch.no_grad()
def gradients(
    core: Core, signals: Trace | GRUTrace | RNNTrace, dh: Tensor, reach: int | None = None
) -> Gradients:
    """∂L/∂h_t and ∂L/∂c_t at every step of a trace of `core`, which has one layer and one direction.

    dh (B, H): ∂L/∂h_t of the last step, as far as L reads it itself; it reads no other. reach: the gradient
    arrives at so many steps, the last one included, and is 0 at those before; None: at all of them.
    """
    dh = dh.double()
    steps = len(signals.output) if reach is None else min(reach, len(signals.output))
    if isinstance(signals, Trace):
        return _lstm(core, signals, dh, steps)
    if isinstance(signals, GRUTrace):
        return _gru(core, signals, dh, steps)
    return _rnn(core, signals, dh, steps)


def _rnn(core: Core, signals: RNNTrace, dh: Tensor, steps: int) -> Gradients:
    w_hh = core.all_weights[0][1].double()
    (h,) = _double(signals.h)
    slopes = 1 - h**2
    all_dh = []
    for slope in _backwards(slopes, steps):
        all_dh.append(dh)
        dh = (dh * slope) @ w_hh
    return Gradients(_in_order(all_dh, h))


def _lstm(core: Core, signals: Trace, dh: Tensor, steps: int) -> Gradients:
    w_hh = core.all_weights[0][1].double()
    i, f, g, o, c = _double(signals.i, signals.f, signals.g, signals.o, signals.c)
    shown = torch.tanh(c)
    enter = o * (1 - shown**2)
    slopes = torch.stack(  # (T, B, 4, H): of each gate's pre-activation
        [g * i * (1 - i), _before(c) * f * (1 - f), i * (1 - g**2), shown * o * (1 - o)], dim=2
    )
    dc = torch.zeros_like(dh)
    all_dh, all_dc = [], []
    for slope, into, keep in zip(*(_backwards(one, steps) for one in (slopes, enter, f)), strict=True):
        dc = torch.addcmul(dc, dh, into)
        all_dh.append(dh)
        all_dc.append(dc)
        dh = (torch.stack([dc, dc, dc, dh], dim=1) * slope).flatten(1) @ w_hh
        dc = dc * keep
    straight = _in_order(list((all_dc[0] * _kept(f)).flip(0)[:steps]), c)
    return Gradients(_in_order(all_dh, c), _in_order(all_dc, c), straight)


def _gru(core: Core, signals: GRUTrace, dh: Tensor, steps: int) -> Gradients:
    w_hh, hidden = core.all_weights[0][1].double(), core.hidden_size
    r, z, n, h = _double(signals.r, signals.z, signals.n, signals.h)
    before = _before(h)
    m = before @ w_hh[-hidden:].T
    if core.bias:
        m = m + core.all_weights[0][3][-hidden:]
    d = (1 - z) * (1 - n**2)
    slopes = torch.stack([d * m * r * (1 - r), (before - n) * z * (1 - z), d * r], dim=2)  # (T, B, 3, H)
    all_dh = []
    for slope, keep in zip(_backwards(slopes, steps), _backwards(z, steps), strict=True):
        all_dh.append(dh)
        dh = torch.addmm(dh * keep, (dh[:, None] * slope).flatten(1), w_hh)
    straight = _in_order(list((all_dh[0] * _kept(z)).flip(0)[:steps]), h)
    return Gradients(_in_order(all_dh, h), None, straight)


def _double(*signals: Tensor) -> list[Tensor]:
    """Signals (1, T, B, H) as (T, B, H) float64: in float32 a gradient would end where it becomes small."""
    return [signal[0].double() for signal in signals]


def _before(states: Tensor) -> Tensor:
    """For each step the state of the one before; zeros for the first."""
    return torch.cat([torch.zeros_like(states[:1]), states[:-1]])


def _backwards(factors: Tensor, steps: int) -> tuple[Tensor, ...]:
    """The last `steps` of factors (T, …), the last one first."""
    return factors[-steps:].unbind(0)[::-1]


def _in_order(found: list[Tensor], like: Tensor) -> Tensor:
    """Steps that were found from the last one on, as (T, B, H); 0 at those that were not reached."""
    reached = torch.stack(found[::-1])
    return torch.cat([like.new_zeros(len(like) - len(found), *like.shape[1:]), reached])


def _kept(gate: Tensor) -> Tensor:
    """For each step the product of `gate` over all later ones."""
    later = torch.cat([gate[1:], torch.ones_like(gate[:1])])
    return later.flip(0).cumprod(0).flip(0)
