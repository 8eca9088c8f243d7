"""Charts of the race: accuracy over training and over lags, and how the gradient flows back through time."""

from __future__ import annotations

from functools import cache
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lstm_core.experiments.race.config import LANES
from pages.common.colours import GATES, on_dark
from pages.live.figures.figure import Drawing, Feed, drawing, streaming_figure
from pages.panels.experiments.race import COLOURS, STYLES

LOWEST, HIGHEST = -14, 2  # powers of ten of the gradients' axis
EVERY = 4
MARGIN = {"l": 44, "r": 10, "t": 6, "b": 34}
# shown when the chart stands alone; else the table of the networks beside it has the colours
LEGEND = {
    "showlegend": False,
    "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
    "meta": {"legend": True},
}
MARKERS: dict[str, dict[str, Any]] = {  # inside each other where they coincide, as the lines do
    "rnn": {"size": 15, "symbol": "circle"},
    "gru": {"size": 11, "symbol": "square"},
    "lstm": {"size": 8, "symbol": "diamond"},
    "lstm0": {"size": 4, "symbol": "circle"},
}
NEUTRAL = "#8A8F98"  # guessing, and the lag that is trained


def accuracy_chart(token: str, lanes: tuple[str, ...], *, key: str, height: int, seconds: bool) -> None:
    """Accuracy of each lane over training steps, or over the seconds that its own steps have taken."""
    streaming_figure(accuracy_drawing(lanes, seconds), key=key, token=token, height=height)


def lags_chart(token: str, lanes: tuple[str, ...], *, key: str, height: int) -> None:
    """Accuracy of each lane at lags that it was trained on or not."""
    streaming_figure(lags_drawing(lanes), key=key, token=token, height=height)


def gradients_chart(token: str, lanes: tuple[str, ...], *, key: str, height: int) -> None:
    """Lengths of ∂L/∂h_t and ∂L/∂c_t over the time steps; dashed what comes along the memory alone."""
    streaming_figure(gradients_drawing(lanes), key=key, token=token, height=height)


@cache
def accuracy_drawing(lanes: tuple[str, ...], seconds: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure, feeds = go.Figure(), []
    for lane in lanes:
        line = _line(LANES[lane], COLOURS[lane], **STYLES[lane])
        line.hovertemplate = f"{LANES[lane]} %{{y:.0%}}<extra></extra>"
        feeds += [
            Feed(len(figure.data), "x", array=f"{lane}_{'seconds' if seconds else 'step'}"),
            Feed(len(figure.data), "y", array=f"{lane}_accuracy"),
        ]
        figure.add_trace(line)
    if not seconds:  # where the lag was changed last
        stage = {"color": NEUTRAL, "width": 1.5, "dash": "dash"}
        place = {"x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
        figure.add_shape(type="line", line=stage, visible=False, **place)
        feeds += [Feed(None, f"shapes.0.{end}", meta="since") for end in ("x0", "x1")]
        feeds.append(Feed(None, "shapes.0.visible", meta="lag_changed"))
    title = "seconds of its own training" if seconds else "training step"
    figure.update_xaxes(
        title=_title(title), rangemode="tozero", zeroline=False, nticks=6, hoverformat=",.3~g"
    )
    return _accuracies(figure, feeds, "Line chart of each network's accuracy over its training.")


@cache
def lags_drawing(lanes: tuple[str, ...], /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure, feeds = go.Figure(), []
    for lane in lanes:
        line = _line(LANES[lane], COLOURS[lane], **STYLES[lane])
        line.update(mode="lines+markers", marker=MARKERS[lane] | {"color": COLOURS[lane][0]})
        line.meta["themed"]["marker.color"] = COLOURS[lane]
        line.hovertemplate = f"{LANES[lane]} %{{y:.0%}}<extra></extra>"
        feeds += [
            Feed(len(figure.data), "x", array=f"{lane}_lags"),
            Feed(len(figure.data), "y", array=f"{lane}_by_lag"),
        ]
        figure.add_trace(line)
    now = {"color": NEUTRAL, "width": 1.5, "dash": "dash"}
    figure.add_shape(type="line", x0=50, x1=50, y0=0, y1=1, yref="paper", line=now, layer="below")
    feeds += [Feed(None, f"shapes.0.{end}", meta="lag") for end in ("x0", "x1")]
    ticks = [1, 2, 5, 10, 20, 50, 100, 200]
    figure.update_xaxes(title=_title("lag (dashed: trained)"), type="log", tickvals=ticks, ticktext=ticks)
    figure.update_xaxes(range=[-0.05, 2.36], hoverformat="d")
    return _accuracies(figure, feeds, "Line chart of each network's accuracy at lags of 1 to 200 steps.")


def _accuracies(figure: go.Figure, feeds: list[Feed], about: str) -> Drawing:
    chance = {"color": NEUTRAL, "width": 1.5, "dash": "dot"}
    number = len(figure.layout.shapes)
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=0, y1=0, line=chance, layer="below")
    feeds += [Feed(None, f"shapes.{number}.{end}", meta="chance") for end in ("y0", "y1")]
    figure.update_yaxes(range=[-0.03, 1.06], tickvals=[0, 0.5, 1], tickformat=".0%", zeroline=False)
    figure.update_layout(margin=MARGIN, hovermode="x unified", **LEGEND)
    return drawing(
        figure, feeds, about=about, empty="The accuracy appears here as soon as the first frame arrives."
    )


@cache
def gradients_drawing(lanes: tuple[str, ...], /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = make_subplots(cols=2, shared_yaxes=True, horizontal_spacing=0.03)
    feeds: list[Feed] = []

    def add(lane: str, name: str, column: int, said: str, gate: str = "") -> None:
        style = {"width": 1.5, "dash": "dash"} if gate else STYLES[lane]
        colours = [GATES[gate], on_dark(GATES[gate])] if gate else COLOURS[lane]
        line = _line(f"{LANES[lane]}, {said}" if gate else LANES[lane], colours, **style)
        line.showlegend = column == 1 or bool(gate)
        line.hovertemplate = f"{LANES[lane]} {said} %{{y:.2~e}}<extra></extra>"
        feeds.append(Feed(len(figure.data), "y", array=f"{lane}_{name}"))
        figure.add_trace(line, row=1, col=column)

    for lane in lanes:
        add(lane, "h", 1, "∂L/∂h")
        if lane.startswith("lstm"):
            add(lane, "c", 2, "∂L/∂c")
    for lane in lanes:  # on top, since these often lie on their solid lines
        if lane.startswith("lstm"):
            add(lane, "straight", 2, "through f alone", "f")
        elif lane == "gru":
            add(lane, "straight", 1, "through z alone", "z")
    titles = ("‖∂L/∂hₜ‖", "‖∂L/∂cₜ‖, LSTM only")
    for column, title in enumerate(titles):
        figure.add_annotation(
            text=f"<b>{title}</b>",
            font_size=14,
            x=0,
            y=1,
            xref=f"x{column + 1 if column else ''} domain",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            xshift=4,
            showarrow=False,
        )
    powers = range(LOWEST, HIGHEST + 1, EVERY)
    figure.update_yaxes(
        type="log",
        range=[LOWEST, HIGHEST],
        tickvals=[10.0**power for power in powers],
        ticktext=[f"10<sup>{power}</sup>" if power else "1" for power in powers],
        zeroline=False,
    )
    figure.update_xaxes(title=_title("time step t"), zeroline=False, showgrid=False, nticks=8)
    figure.update_layout(margin=MARGIN | {"t": 22}, hovermode="x unified", **LEGEND)
    figure.update_layout(legend_y=1.08)  # above the titles
    return drawing(
        figure,
        feeds,
        about="Line charts of the length of the gradient by hidden and cell state at every time step.",
        empty="The gradient at every time step appears here as soon as the first frame arrives.",
    )


def _line(name: str, colours: list[str], **style: Any) -> go.Scatter:
    """colours: [light, dark]."""
    line = go.Scatter(mode="lines", name=name, line={"color": colours[0], **style})
    line.meta = {"themed": {"line.color": colours}}
    return line


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "standoff": 4}
