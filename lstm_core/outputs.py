"""What a network makes, in the form that frames carry: text that it writes, a series that it continues."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_core.cell import Holds
from lstm_core.config import View
from lstm_core.generate import forecast, sample_text
from lstm_core.model import SequenceModel
from lstm_core.tasks import SeriesTask, TextTask

SAMPLE_LENGTH = {"characters": 240, "words": 60}  # tokens
GROWTH_LENGTH = {"characters": 60, "words": 14}
CONTEXT = 128  # known values before a forecast
HORIZON = 96  # forecast steps of a series without a known period
LONGEST_HORIZON = 300


def written(
    model: SequenceModel,
    task: TextTask,
    prompt: list[int],
    view: View,
    holds: Holds | None = None,
    length: int | None = None,
) -> tuple[str, str]:
    """The prompt as the network reads it, and how it goes on with the temperature and the dice of `view`."""
    length = length or SAMPLE_LENGTH[task.level]
    sample = sample_text(model, prompt, length, view.temperature, view.top_k, view.seed, holds)
    # the joint between prompt and sample may need a space, or none, so both are decoded together
    head, whole = task.decode(prompt), task.decode(prompt + sample)
    return head, whole[len(head) :]


def forecast_stretch(task: SeriesTask) -> tuple[int, int, int]:
    """Indices of the first known value, of the first forecast one, and of the end of the forecast."""
    wanted = round(3 * task.period) if task.period else HORIZON
    return (
        max(0, task.split - CONTEXT),
        task.split,
        min(len(task.values), task.split + min(wanted, LONGEST_HORIZON)),
    )


def forecast_axes(task: SeriesTask) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What every forecast is drawn over: the labels of the values, and the data. Never changes in a run."""
    first, split, end = forecast_stretch(task)
    axes = {
        "x": list(task.x[first:end]),
        "forecast_x": list(task.x[split:end]),
    }
    return axes, {"data": task.values[first:end].astype(np.float32)}


def forecast_lines(
    model: SequenceModel, task: SeriesTask, holds: Holds | None = None
) -> tuple[np.ndarray, np.ndarray, float]:
    """One-step-ahead fit and closed-loop forecast, float32 in the series' own units; the forecast's RMSE."""
    first, split, end = forecast_stretch(task)
    fit, ahead = forecast(model, task.scaled[first:split, None], end - split, holds)
    ahead, truth = task.unscale(ahead), task.values[split:end]
    # the prediction of the first known value does not exist; the last one is the forecast's first
    fit = np.concatenate([[np.nan], task.unscale(fit[:-1])]).astype(np.float32)
    return fit, ahead.astype(np.float32), float(np.sqrt(np.mean((ahead - truth) ** 2)))
