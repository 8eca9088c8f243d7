"""What a layer does on data that it is never trained on: states, and where a signal is highest and lowest.

Long data are read as parallel streams that stand side by side in one batch: c and h of each step then come
out directly, which the fused kernel would hide, at about the fused kernel's speed. Where a network is to fill
gaps, it reads held-out text without any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lstm_core.config import GATES, SIGNALS
from lstm_core.nn.cell import Core, directions_of, is_backwards
from lstm_core.nn.fused import fused_cell
from lstm_core.nn.model import SequenceModel
from lstm_core.tasks import SeriesTask, TextTask

WARM_UP = 64  # steps that a stream reads before those that count, so that its state has settled
STREAMS = 64  # at most; each has at least as many steps that count as it has to warm up
SIGMOID = "iforz"  # gates between 0 and 1; the candidates g and n, and h, lie between −1 and 1

BINS = 40
STRETCHES = 10
_STRETCH = {"characters": 24, "words": 10, "values": 24}  # tokens in a stretch that is shown
_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)  # round widths of a bin, times a power of ten


@dataclass(frozen=True, eq=False)
class Reading:
    """What one row of a network did while it read.

    tokens: (N,) int64 tokens, or (N,) float64 values of a series in its own units, in the order of the data.
    states: h and, of an LSTM, c, each (N, H) float32, after each of them (of a row that reads from the end:
    after it and all that follows). For the gates: x (N, n), what the row read; begin (streams, H), the h that
    the first step of each stream of `length` steps read; weights of the row; its cell; whether it reads from
    the end.
    """

    tokens: np.ndarray
    states: dict[str, np.ndarray]
    x: np.ndarray
    begin: np.ndarray
    length: int
    weights: list[Tensor]
    cell: str
    backwards: bool

    def signal(self, name: str, unit: int) -> np.ndarray:
        """(N,) float32: a gate or a state of one unit, counted from 0.

        Raises ValueError for a name that this cell does not have, IndexError for a unit that there is not.
        """
        hidden = self.states["h"].shape[1]
        if name not in SIGNALS[self.cell]:
            raise ValueError(f"there is no signal {name!r}; there are {', '.join(SIGNALS[self.cell])}.")
        if not 0 <= unit < hidden:
            raise IndexError(f"there is no unit {unit}; there are {hidden}, counted from 0.")
        if name in self.states:
            return np.ascontiguousarray(self.states[name][:, unit])
        from_x, from_h = self._parts(name, unit)
        if name == "n":
            from_h = torch.from_numpy(self.signal("r", unit)) * from_h
        return (torch.sigmoid if name in SIGMOID else torch.tanh)(from_x + from_h).numpy()

    def _parts(self, gate: str, unit: int) -> tuple[Tensor, Tensor]:
        """W_i x + b_i and W_h h + b_h of one unit of one gate, each (N,)."""
        h, count = self.states["h"], len(self.tokens)
        row = GATES[self.cell].index(gate) * h.shape[1] + unit
        w_x, w_h, *biases = (weight[row].numpy() for weight in self.weights)
        b_x, b_h = biases or (0, 0)
        # a gate reads the h of the step before, and a stream's first step what the warm-up left
        first = np.arange(0, count, self.length)
        if self.backwards:
            first = np.minimum(first + self.length, count) - 1
        recurrent = np.roll(h @ w_h, -1 if self.backwards else 1)
        recurrent[first] = self.begin @ w_h
        return torch.from_numpy(self.x @ w_x + b_x), torch.from_numpy(recurrent + b_h)


def read_held_out(
    model: SequenceModel, task: TextTask | SeriesTask, row: int, limit: int = 20_000
) -> Reading:
    """The first `limit` tokens or values of the validation part, read by one row of the network.

    Changes nothing of the model and draws nothing at random. Streams begin with a state of zeros, up to 64
    steps before what counts; those before the first one are training data. Of a bidirectional network they
    also end up to 64 steps after what counts.
    """
    tokens: np.ndarray
    before: np.ndarray
    data: np.ndarray
    if isinstance(task, TextTask):
        tokens = task.valid_tokens[:limit].astype(np.int64)
        before, data = task.train_tokens[-WARM_UP:].astype(np.int64), task.valid_tokens.astype(np.int64)
    else:
        tokens = task.values[task.split :][:limit]
        before, data = task.scaled[: task.split][-WARM_UP:], task.scaled[task.split :]
    after = WARM_UP if model.core.bidirectional else 0
    sequence = np.concatenate([before, data[: limit + after]])
    length = math.ceil(len(tokens) / min(STREAMS, max(1, len(tokens) // WARM_UP)))
    streams = math.ceil(len(tokens) / length)
    # (steps, streams); beyond the end of the data there is nothing
    places = np.arange(len(before) + length + after)[:, None] + length * np.arange(streams)
    outside = torch.from_numpy(places >= len(sequence))
    inputs = torch.from_numpy(sequence[np.minimum(places, len(sequence) - 1)])
    inputs = inputs if isinstance(task, TextTask) else inputs[..., None]
    return _read(model, inputs, row, tokens, len(before), outside)


def read_probe(model: SequenceModel, inputs: Tensor, row: int) -> Reading:
    """One sequence from a state of zeros: inputs (T, 1) int64 tokens or (T, 1, 1) scaled values, which are
    also the reading's `tokens`."""
    return _read(
        model, inputs, row, inputs.flatten().numpy(), 0, torch.zeros(len(inputs), 1, dtype=torch.bool)
    )


@torch.no_grad()
def _read(
    model: SequenceModel, inputs: Tensor, row: int, tokens: np.ndarray, warm_up: int, outside: Tensor
) -> Reading:
    """Inputs (steps, streams) or (steps, streams, 1): after `warm_up` steps come those that count, as far as
    there are `tokens`; outside (steps, streams): where there are no data."""
    core, streams = model.core, inputs.shape[1]
    length = math.ceil(len(tokens) / streams)
    directions = directions_of(core)
    x = model.embed(inputs)
    for layer in range(row // directions):
        below = range(layer * directions, (layer + 1) * directions)
        x = torch.cat([_states(core, number, x, outside)[0] for number in below], dim=-1)
    states = _states(core, row, x, outside)
    backwards = is_backwards(core, row)
    # the step that each stream's first one reads from; there are zeros around all of them
    ends = warm_up + torch.clamp(len(tokens) - length * torch.arange(streams), max=length)
    start = ends + 1 if backwards else torch.full((streams,), warm_up)
    begin = nn.functional.pad(states[0], (0, 0, 0, 0, 1, 1))[start, torch.arange(streams)]
    counted = slice(warm_up, warm_up + length)
    read, h, *c = (
        part[counted].transpose(0, 1).flatten(0, 1)[: len(tokens)].numpy() for part in (x, *states)
    )
    return Reading(
        tokens,
        {"c": c[0], "h": h} if c else {"h": h},
        read,
        begin.numpy(),
        length,
        # copied, because training changes them in place
        [weight.detach().clone() for weight in core.all_weights[row]],
        model.config.cell,
        backwards,
    )


def _states(core: Core, row: int, x: Tensor, outside: Tensor) -> list[Tensor]:
    """h and, of an LSTM, c of one row, each (steps, streams, H), from zeros on, for x (steps, streams, n)."""
    steps, streams = x.shape[:2]
    state = (torch.zeros(streams, core.hidden_size),) * (2 if isinstance(core, nn.LSTM) else 1)
    states = [torch.empty(steps, streams, core.hidden_size) for _ in state]
    cell, backwards = fused_cell(core, row), is_backwards(core, row)
    for step in reversed(range(steps)) if backwards else range(steps):
        state = cell(x[step], state)
        if backwards and outside[step].any():  # where it has not begun yet
            state = tuple(part.masked_fill(outside[step][:, None], 0.0) for part in state)
        for kept, part in zip(states, state, strict=True):
            kept[step] = part
    return states


def survey(
    model: SequenceModel,
    task: TextTask | SeriesTask,
    row: int,
    unit: int,
    signal: str,
    limit: int = 5_000,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """One signal of one unit over the first `limit` held-out tokens, as JSON values and arrays.

    meta: count (tokens read), unit, signal, x_title (what the data stand against), highest and lowest: up to
    ten stretches each that do not overlap, around the highest and the lowest values, in that order. A stretch
    has labels, values (of the signal), peak (index), start (where it begins, in words) and, of a series,
    series (its values in its own units). arrays: survey_edges (n + 1,) float32 and survey_counts (n,) int32,
    with n about 40.
    """
    reading = read_held_out(model, task, row, limit)
    values = reading.signal(signal, unit)
    if not np.isfinite(values).all():  # the network is lost: there is nothing to count
        meta = {
            "count": 0,
            "unit": unit,
            "signal": signal,
            "x_title": _x_title(task),
            "highest": [],
            "lowest": [],
        }
        return meta, {"survey_edges": np.array([0, 1], np.float32), "survey_counts": np.zeros(1, np.int32)}
    edges = _edges(signal, values)
    # a value may lie beyond the outermost edge by a rounding error
    counts, _ = np.histogram(np.clip(values.astype(np.float64), edges[0], edges[-1]), edges)
    size = min(_STRETCH[task.level if isinstance(task, TextTask) else "values"], len(values))
    meta = {
        "count": len(values),
        "unit": unit,
        "signal": signal,
        "x_title": _x_title(task),
        "highest": [_stretch(task, reading.tokens, values, peak, size) for peak in _peaks(values, size)],
        "lowest": [_stretch(task, reading.tokens, values, peak, size) for peak in _peaks(-values, size)],
    }
    return meta, {"survey_edges": edges.astype(np.float32), "survey_counts": counts.astype(np.int32)}


def _edges(signal: str, values: np.ndarray) -> np.ndarray:
    """Edges of the bins, float64: the range that the signal can have; for c the one that it has, rounded."""
    if signal != "c":
        return np.linspace(0.0 if signal in SIGMOID else -1.0, 1.0, BINS + 1)
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-6 * max(1.0, abs(low)):  # it never varies
        low, high = low - 0.5, high + 0.5
    smallest = (high - low) / BINS
    power = 10.0 ** math.floor(math.log10(smallest))
    width = power * next((step for step in _STEPS if step * power >= smallest), 10.0)
    return width * np.arange(math.floor(low / width), math.ceil(high / width) + 1)


def _starts(peaks: np.ndarray | int, count: int, size: int) -> np.ndarray:
    """Where the stretch around a peak begins: two thirds of it lie before, since what led to the peak tells
    more than what follows."""
    return np.clip(np.asarray(peaks) - 2 * size // 3, 0, count - size)


def _peaks(values: np.ndarray, size: int) -> list[int]:
    """Steps of the highest values, highest first, whose stretches do not overlap."""
    starts = _starts(np.arange(len(values)), len(values), size)
    left = values.astype(np.float64)
    peaks: list[int] = []
    while len(peaks) < STRETCHES:
        peak = int(left.argmax())
        if left[peak] == -np.inf:
            break
        peaks.append(peak)
        left[np.abs(starts - starts[peak]) < size] = -np.inf
    return peaks


def _stretch(
    task: TextTask | SeriesTask, tokens: np.ndarray, values: np.ndarray, peak: int, size: int
) -> dict[str, Any]:
    start = int(_starts(peak, len(values), size))
    part = slice(start, start + size)
    shown: dict[str, Any] = {
        "values": [round(value, 4) for value in values[part].tolist()],
        "peak": peak - start,
    }
    if isinstance(task, TextTask):
        labels = [task.display(token) for token in tokens[part].tolist()]
        place = f"{len(task.train_tokens) + start + 1:,}"  # in the whole text
        return shown | {"labels": labels, "start": f"{_x_title(task)} {place}"}
    labels = [str(x) for x in task.x[task.split + start :][:size]]
    return shown | {
        "labels": labels,
        "series": tokens[part].tolist(),
        "start": f"{_x_title(task)} {labels[0]}",
    }


def _x_title(task: TextTask | SeriesTask) -> str:
    return task.level.removesuffix("s") if isinstance(task, TextTask) else task.x_title
