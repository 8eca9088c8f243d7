"""What a layer does on data that it is never trained on: every c and h, and where one unit is most active.

Long data are read as parallel streams that stand side by side in one batch: c and h of each step then come
out directly, which the fused kernel would hide, at about the fused kernel's speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_core.cell import layer_weights
from lstm_core.config import SIGNALS
from lstm_core.model import SequenceModel
from lstm_core.tasks import SeriesTask, TextTask

WARM_UP = 64  # steps that a stream reads before those that count, so that its state has settled
STREAMS = 64  # at most; each has at least as many steps that count as it has to warm up
GATES = "ifgo"  # in the order of PyTorch's weights

BINS = 40
STRETCHES = 10
_STRETCH = {"characters": 24, "words": 10, "values": 24}  # tokens in a stretch that is shown
_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)  # round widths of a bin, times a power of ten


@dataclass(frozen=True, eq=False)
class Reading:
    """What one layer did while it read.

    tokens: (N,) int64 tokens, or (N,) float64 values of a series in its own units, in the order of the data;
    c, h: (N, H) float32, after each of them. For the gates: x (N, input_size), what the layer read; begin
    (streams, H), the h that each stream of `length` steps began with; weights, as `layer_weights` has them.
    """

    tokens: np.ndarray
    c: np.ndarray
    h: np.ndarray
    x: np.ndarray
    begin: np.ndarray
    length: int
    weights: tuple[Tensor, Tensor, Tensor | None]

    def signal(self, name: str, unit: int) -> np.ndarray:
        """(N,) float32: i, f, g, o, c or h of one unit, counted from 0.

        Raises ValueError for another name, IndexError for a unit that there is not.
        """
        if name not in SIGNALS:
            raise ValueError(f"there is no signal {name!r}; there are {', '.join(SIGNALS)}.")
        if not 0 <= unit < self.h.shape[1]:
            raise IndexError(f"there is no unit {unit}; there are {self.h.shape[1]}, counted from 0.")
        if name not in GATES:
            return np.ascontiguousarray((self.c if name == "c" else self.h)[:, unit])
        w_ih, w_hh, bias = self.weights
        row = GATES.index(name) * self.h.shape[1] + unit
        w_x, w_h = w_ih[row].numpy(), w_hh[row].numpy()
        recurrent = np.roll(self.h @ w_h, 1)  # a gate reads the h of the step before …
        recurrent[:: self.length] = self.begin @ w_h  # … and a stream's first step what the warm-up left
        pre = torch.from_numpy(self.x @ w_x + recurrent)
        if bias is not None:
            pre = pre + bias[row]
        return (torch.tanh(pre) if name == "g" else torch.sigmoid(pre)).numpy()


def read_held_out(
    model: SequenceModel, task: TextTask | SeriesTask, layer: int, limit: int = 20_000
) -> Reading:
    """The first `limit` tokens or values of the validation part, read by `layer` (counted from 0).

    Changes nothing of the model and draws nothing at random. Streams begin with a state of zeros, up to 64
    steps before what counts; those before the first one are training data.
    """
    tokens: np.ndarray
    if isinstance(task, TextTask):
        tokens = task.valid_tokens[:limit].astype(np.int64)
        before, data = task.train_tokens[-WARM_UP:].astype(np.int64), tokens
    else:
        scaled = task.scaled.numpy()
        tokens = task.values[task.split :][:limit]
        before, data = scaled[: task.split][-WARM_UP:], scaled[task.split :][:limit]
    sequence = np.concatenate([before, data])
    length = math.ceil(len(data) / min(STREAMS, max(1, len(data) // WARM_UP)))
    streams = math.ceil(len(data) / length)
    # (steps, streams); the last stream may be shorter: what it reads beyond the end does not count
    places = np.arange(len(before) + length)[:, None] + length * np.arange(streams)
    inputs = torch.from_numpy(sequence[np.minimum(places, len(sequence) - 1)])
    return _read(model, inputs if isinstance(task, TextTask) else inputs[..., None], layer, tokens)


def read_probe(model: SequenceModel, inputs: Tensor, layer: int) -> Reading:
    """One sequence from a state of zeros: inputs (T, 1) int64 tokens or (T, 1, 1) scaled values, which are
    also the reading's `tokens`."""
    return _read(model, inputs, layer, inputs.flatten().numpy())


@torch.no_grad()
def _read(model: SequenceModel, inputs: Tensor, layer: int, tokens: np.ndarray) -> Reading:
    """Inputs (steps, streams) or (steps, streams, 1). Steps that `tokens` do not fill are the warm-up, at
    the beginning of each stream, or lie behind the end of the last one."""
    steps, streams = inputs.shape[:2]
    length = math.ceil(len(tokens) / streams)
    weights = [model.lstm.all_weights[number] for number in range(layer + 1)]
    zeros = torch.zeros(streams, model.lstm.hidden_size)
    states = [(zeros, zeros)] * (layer + 1)
    read_x, read_c, read_h = (
        torch.empty(streams, length, width)
        for width in (weights[layer][0].shape[1], model.lstm.hidden_size, model.lstm.hidden_size)
    )
    begin = zeros
    for step, x in enumerate(model.embed(inputs).unbind(0), start=length - steps):
        if step == 0:
            begin = states[layer][0]
        for number in range(layer + 1):
            below, states[number] = x, torch.lstm_cell(x, states[number], *weights[number])
            x = states[number][0]
        if step >= 0:
            read_x[:, step], read_h[:, step], read_c[:, step] = below, *states[layer]
    c, h, x_read = (part.flatten(0, 1)[: len(tokens)].numpy() for part in (read_c, read_h, read_x))
    w_ih, w_hh, bias = layer_weights(model.lstm, layer)  # copied, because training changes them in place
    weights_read = w_ih.detach().clone(), w_hh.detach().clone(), bias
    return Reading(tokens, c, h, x_read, begin.numpy(), length, weights_read)


def survey(
    model: SequenceModel,
    task: TextTask | SeriesTask,
    layer: int,
    unit: int,
    signal: str,
    limit: int = 5_000,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """One signal of one unit over the first `limit` held-out tokens, as JSON values and arrays.

    meta: count (tokens read), unit, signal, x_title (what the data stand against), most and least: up to
    ten stretches each that do not overlap, of the highest and of the lowest peaks, in that order. A stretch
    has labels, values (of the signal), peak (index), start (where it begins, in words) and, of a series,
    series (its values in its own units). arrays: survey_edges (n + 1,) float32 and survey_counts (n,) int32,
    with n about 40.
    """
    reading = read_held_out(model, task, layer, limit)
    values = reading.signal(signal, unit)
    if not np.isfinite(values).all():  # the network is lost: there is nothing to count
        meta = {
            "count": 0,
            "unit": unit,
            "signal": signal,
            "x_title": _x_title(task),
            "most": [],
            "least": [],
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
        "most": [_stretch(task, reading.tokens, values, peak, size) for peak in _peaks(values, size)],
        "least": [_stretch(task, reading.tokens, values, peak, size) for peak in _peaks(-values, size)],
    }
    return meta, {"survey_edges": edges.astype(np.float32), "survey_counts": counts.astype(np.int32)}


def _edges(signal: str, values: np.ndarray) -> np.ndarray:
    """Edges of the bins, float64: the range that the signal can have; for c the one that it has, rounded."""
    if signal != "c":
        return np.linspace(0.0 if signal in "ifo" else -1.0, 1.0, BINS + 1)
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
