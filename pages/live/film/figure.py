"""The figure of a film: how a network learnt, as a Plotly animation over the steps of its training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

from lstm_core.frames.frame import Frame
from pages.common.colours import NAMES, SIGMOIDS, scale_of
from pages.live.film.layout import (
    AXES,
    GATES_SHOWN,
    INK,
    LEFT,
    PAPER,
    Place,
    captions,
    frame_name,
    layout,
    places,
)
from pages.live.film.text import escape

GREY, BLUE, VERMILLION = "#9AA0A8", "#0072B2", "#D55E00"
NUMBERS = 2_000_000  # in all heatmaps of a film, about 10 MB; with more, the gates are left out

Changes = Callable[[Frame], dict[str, Any]]
Part = tuple[Any, Changes | None]  # a trace, and what of it changes with the frame


def film_figure(frames: list[Frame]) -> go.Figure:
    """One animation frame for each of `frames`, which are those of one network in the order of their steps.

    All scales are those of the whole film. Raises ValueError when there are no frames.
    """
    if not frames:
        raise ValueError("a film needs at least one frame.")
    last = frames[-1]
    memory, gates = last.meta["memory"], GATES_SHOWN[last.meta["cell"]]
    small = (1 + len(gates)) * len(frames) * last.heatmaps[memory].size <= NUMBERS
    if not small or not all(gate in frame.heatmaps for frame in frames for gate in gates):
        gates = ""
    where = places(last, gates)
    parts = [*_heatmaps(frames, where), *_losses(last)]
    if last.meta["kind"] == "series":
        parts += _series(last)
    moving = {number: changes for number, (_, changes) in enumerate(parts) if changes}

    def data(frame: Frame) -> list[dict[str, Any]]:
        return [{"type": parts[number][0].type, **changes(frame)} for number, changes in moving.items()]

    figure = go.Figure([trace for trace, _ in parts], layout(frames, where))
    for number, first in zip(moving, data(frames[0]), strict=True):
        figure.data[number].update(first)
    figure.layout.annotations = captions(frames[0], where)
    figure.frames = [
        {
            "name": frame_name(frame),
            "data": data(frame),
            "traces": list(moving),
            "layout": {"annotations": captions(frame, where)},
        }
        for frame in frames
    ]
    return figure


def _heatmaps(frames: list[Frame], where: dict[str, Place]) -> Iterator[Part]:
    last = frames[-1]
    units, labels = last.meta["units"], [escape(label) for label in last.meta["labels"]]
    cells = [[f"unit {unit} · t = {t} “{label}”" for t, label in enumerate(labels)] for unit in units]
    limit = max(frame.meta["c_limit"] for frame in frames)
    memory = last.meta["memory"]
    state = _heatmap(memory, cells, zmin=-limit, zmax=limit)
    bottom, top = where[memory][1]
    state.colorbar = {"x": LEFT[1], "y": bottom, "len": top - bottom, "yanchor": "bottom", "ypad": 0}
    state.colorbar.update(xpad=6, thickness=10, outlinewidth=0, nticks=5)
    yield state, _changing(memory, units)
    for gate in GATES_SHOWN[last.meta["cell"]]:
        if gate in where:
            low = 0 if gate in SIGMOIDS else -1
            yield _heatmap(gate, cells, zmin=low, zmax=1, showscale=False), _changing(gate, units)
    if "probe" in where:
        yield _line("", GREY, 2, "probe", y=last.arrays["probe"], showlegend=False), None


def _heatmap(name: str, cells: list[list[str]], **options: Any) -> go.Heatmap:
    title, symbol, _ = NAMES[name]
    heatmap = go.Heatmap(
        text=cells, colorscale=scale_of(name)[0], hoverongaps=False, **_axes(name), **options
    )
    heatmap.hovertemplate = f"%{{text}}<br>{title} {symbol} = %{{z:.3g}}<extra></extra>"
    return heatmap


def _changing(name: str, units: list[int]) -> Changes:
    return lambda frame: {"z": _rows(frame, name, units)}


def _rows(frame: Frame, name: str, units: list[int]) -> np.ndarray:
    """The heatmap's rows of `units`; a unit that this frame does not show leaves its row empty."""
    matrix, own = frame.heatmaps[name], frame.meta["units"]
    if own == units:
        return matrix
    result = np.full((len(units), matrix.shape[1]), np.nan, dtype=np.float32)
    for row, unit in enumerate(units):
        if unit in own:
            result[row] = matrix[own.index(unit)]
    return result


def _losses(last: Frame) -> Iterator[Part]:
    arrays = last.arrays
    yield _line("training", GREY, 1.5, "loss", x=arrays["loss_step"], y=arrays["loss"]), None
    yield _line("validation", VERMILLION, 2.5, "loss", x=arrays["valid_step"], y=arrays["valid"]), None
    dot = go.Scatter(mode="markers", showlegend=False, **_axes("loss"))
    dot.marker = {"size": 13, "color": INK, "line": {"color": PAPER, "width": 2}}
    dot.hovertemplate = "step %{x:,}: %{y:.4g}<extra></extra>"
    yield dot, lambda frame: {"x": [frame.meta["step"]], "y": [frame.meta["loss"]]}


def _series(last: Frame) -> Iterator[Part]:
    x, ahead = last.meta["x"], last.meta["forecast_x"]
    yield _line("data", GREY, 6, "made", x=x, y=last.arrays["data"]), None
    yield _line("one step ahead", BLUE, 1.5, "made", x=x), lambda frame: {"y": frame.arrays["fit"]}
    alone = _line("forecast", VERMILLION, 2.5, "made", x=ahead)
    yield alone, lambda frame: {"y": frame.arrays["forecast"]}


def _line(name: str, colour: str, width: float, place: str, **options: Any) -> go.Scatter:
    line = go.Scatter(mode="lines", name=name, **_axes(place), **options)
    line.line = {"color": colour, "width": width}
    line.legend = "legend" if place == "loss" else "legend2"
    line.hovertemplate = "%{y:.4g}<extra></extra>"
    return line


def _axes(place: str) -> dict[str, str]:
    return {"xaxis": f"x{AXES[place]}", "yaxis": f"y{AXES[place]}"}
