"""Scene: what a view looks at, before anything is computed: the row of the network, the probe, the prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_core.config import MEMORY, SIGNALS, ModelConfig, View
from lstm_core.frames.outputs import forecast_axes
from lstm_core.frames.probe import Probe, read_probe, read_prompt
from lstm_core.tasks import SeriesTask, TextTask


@dataclass(frozen=True)
class Scene:
    """row: of the network, whose signals the heatmaps show. memory: the state that its cell remembers in.
    signal: the one that colours the sequence. prompt: tokens, none for a series. meta, arrays: what every
    frame says of all this. prompt_text: the prompt as it is shown.
    """

    row: int
    memory: str
    signal: str
    probe: Probe
    prompt: list[int]
    meta: dict[str, Any]
    arrays: dict[str, np.ndarray]
    prompt_text: str = ""


def make_scene(
    task: TextTask | SeriesTask, model: ModelConfig, view: View, probe: Probe | None = None
) -> Scene:
    """The scene of a view; what this network lacks is brought inside. probe: the one before, if it stays."""
    memory, signals = MEMORY[model.cell], SIGNALS[model.cell]
    row = min(view.layer, model.rows - 1)
    signal = view.signal if view.signal in signals else memory
    probe = probe or read_probe(task, view)
    meta: dict[str, Any] = {
        "kind": task.kind,
        "cell": model.cell,
        "directions": model.directions,
        "signals": signals,
        "memory": memory,
        "layer": row,
        "num_layers": model.num_layers,
        "hidden_size": model.hidden_size,
        "labels": probe.labels,
        **probe.ticks(task),
    }
    if isinstance(task, SeriesTask):
        axes, data = forecast_axes(task)
        meta |= axes | {
            "naive_rmse": task.naive_rmse,
            "unit": task.unit,
            "x_title": task.x_title,
            "x_type": "date" if task.x_title == "date" else "linear",
        }
        return Scene(row, memory, signal, probe, [], meta, probe.arrays | data)
    prompt, prompt_text, prompt_note = read_prompt(task, view)
    meta |= {
        "goal": task.goal,
        "level": task.level,
        "default_probe": task.default_probe,
        "default_prompt": task.default_prompt,
        "prompt_note": prompt_note,
        "probe_note": probe.note,
    }
    return Scene(row, memory, signal, probe, prompt, meta, probe.arrays, prompt_text)
