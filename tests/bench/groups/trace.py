"""The gates taken from the fused LSTM: how exact, and at what cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from lstm_core import trace
from lstm_core.nn.cell import layer_weights
from tests.bench.report import Figure, Options, median

STEPS, HIDDEN, INPUTS = 64, 64, 32
# T, B, input_size, H, num_layers
SHAPES = [(1, 1, 1, 1, 1), (64, 1, 32, 64, 1), (48, 16, 1, 32, 2), (128, 4, 32, 128, 3), (256, 2, 16, 256, 1)]
REACH = {torch.float64: 1e-12, torch.float32: 2e-6}
CALLS = 8  # of one rival in a row


def measure(options: Options) -> Iterator[Figure]:
    """The largest differences, then the cost beside the fused forward and beside loops over time."""
    for dtype, reach in REACH.items():
        kind = str(dtype).removeprefix("torch.")
        worst = max(difference(dtype, *shape, seed) for shape in SHAPES for seed in range(3))
        about = f"largest |trace − nn.LSTM|, output and last c, {kind}"
        yield Figure(f"error_{kind}", about, worst, at_most=reach)

    torch.manual_seed(0)
    lstm, cell = nn.LSTM(INPUTS, HIDDEN), nn.LSTMCell(INPUTS, HIDDEN)
    for name, parameter in cell.named_parameters():
        parameter.data.copy_(getattr(lstm, f"{name}_l0"))
    inputs = torch.randn(STEPS, 1, INPUTS)
    ours, fused, module, plain = alternate(
        options.times(60, 10),
        lambda: trace(lstm, inputs),
        lambda: lstm(inputs),
        lambda: loop_of_modules(cell, inputs),
        lambda: loop_by_hand(lstm, inputs),
    )
    against = f"trace T{STEPS} H{HIDDEN} B1"
    yield _cost("cost", f"{against}, against the fused forward", ours, fused, "fused", at_most=4)
    yield _cost("speedup", f"{against}, an nn.LSTMCell loop", module, ours, "trace", at_least=3)
    yield _cost("speedup_by_hand", f"{against}, the fastest loop by hand", plain, ours, "trace")


def difference(
    dtype: torch.dtype, steps: int, batch: int, inputs: int, hidden: int, layers: int, seed: int
) -> float:
    """Largest deviation of the trace's output and last c from what the module itself returns."""
    torch.manual_seed(seed)
    lstm = nn.LSTM(inputs, hidden, layers, dtype=dtype)
    x = torch.randn(steps, batch, inputs, dtype=dtype)
    h0, c0 = torch.randn(2, layers, batch, hidden, dtype=dtype)
    with torch.no_grad():
        output, (_, last_c) = lstm(x, (h0, c0))
        traced = trace(lstm, x, (h0, c0))
    pairs = [(traced.output, output), (traced.c[:, -1], last_c)]
    return max((one - other).abs().max().item() for one, other in pairs)


def loop_of_modules(cell: nn.LSTMCell, inputs: Tensor) -> tuple[Tensor, ...]:
    """The same outputs by `nn.LSTMCell`, one step at a time. It hides its gates: one product gives them."""
    h = c = inputs.new_zeros(inputs.shape[1], HIDDEN)
    before, cells = [h], []
    for x in inputs.unbind(0):
        h, c = cell(x, (h, c))
        before.append(h)
        cells.append(c)
    hidden = torch.stack(before)
    pre = inputs @ cell.weight_ih.T + hidden[:-1] @ cell.weight_hh.T + (cell.bias_ih + cell.bias_hh)
    i, f, g, o = pre.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), torch.stack(cells), hidden[1:]


def loop_by_hand(lstm: nn.LSTM, inputs: Tensor) -> tuple[Tensor, ...]:
    """The same outputs by a loop without modules, with all that can be done at once done before it."""
    w_ih, w_hh, bias = layer_weights(lstm, 0)
    assert bias is not None
    h = c = inputs.new_zeros(inputs.shape[1], HIDDEN)
    steps = []
    for x in (inputs @ w_ih.T + bias).unbind(0):
        pre = torch.addmm(x, h, w_hh.T)
        i, f, _, o = pre.sigmoid().chunk(4, dim=-1)
        g = pre[:, 2 * HIDDEN : 3 * HIDDEN].tanh()
        c = torch.addcmul(f * c, i, g)
        h = o * c.tanh()
        steps.append((i, f, g, o, c, h))
    return tuple(torch.stack(tensors) for tensors in zip(*steps, strict=True))


@torch.no_grad()
def alternate(rounds: int, *rivals: Callable[[], object]) -> list[list[float]]:
    """Milliseconds of one call, for each rival and round; each round begins with another rival."""
    times: list[list[float]] = [[] for _ in rivals]
    for turn in range(rounds + 2):
        for place in range(len(rivals)):
            number = (turn + place) % len(rivals)
            start = time.perf_counter()
            for _ in range(CALLS):
                rivals[number]()
            times[number].append(1000 * (time.perf_counter() - start) / CALLS)
    return [rival[2:] for rival in times]  # the first two rounds warm up


def _cost(
    name: str, about: str, ours: list[float], theirs: list[float], rival: str, **reach: float
) -> Figure:
    ratio = median([one / other for one, other in zip(ours, theirs, strict=True)])
    return Figure(name, about, median(ours), "ms", median(theirs), rival, ratio, **reach)
