"""The same network twice, side by side: as learned, and with hands on its gates."""

from __future__ import annotations

import copy
from dataclasses import asdict, replace
from functools import cache

import plotly.graph_objects as go

from lstm_core.config import SIGNALS
from pages.live.client.component import mount
from pages.live.figures.figure import Drawing, Feed, streaming_figure
from pages.panels.heatmaps.heatmaps import gates_drawing, gates_of, memory_drawing
from pages.panels.output.forecast import forecast_chart_drawing

# arrays of a frame that exist once more, as "held_…", under the hands
TWICE = (*dict.fromkeys(signal for signals in SIGNALS.values() for signal in signals), "fit", "forecast")


def verdict(token: str, *, key: str, held: bool) -> None:
    """Which side this is, what is held in it, and how well the network does there."""
    mount("held.js", key=key, token=token, height=46, part="verdict", held=held)


def text(token: str, *, key: str, height: int, held: bool, gaps: bool) -> None:
    """The text that the network writes on this side, after its prompt, with the same dice as on the other; or
    how it fills the gaps of what it reads.
    """
    _words(token, key=key, height=height, part="filled" if gaps else "sample", held=held, gaps=gaps)


def likeliest(token: str, *, key: str, height: int, held: bool, gaps: bool) -> None:
    """The likeliest next tokens on this side, or the likeliest for the chosen gap."""
    _words(token, key=key, height=height, part="next", held=held, gaps=gaps)


def _words(token: str, *, key: str, height: int, part: str, held: bool, gaps: bool) -> None:
    module = "filling.js" if gaps else "held.js"
    key = f"{key}_{'gaps' if gaps else 'next'}"
    mount(module, key=key, token=token, height=height, stretch=True, part=part, held=held)


def memory_and_gates(
    token: str, cell: str, *, key: str, heights: tuple[int, int], held: bool, words: bool = False
) -> None:
    """What the network remembers on this side, in the colours of the other, and its gates under short names:
    each side has half of the page only. A cell without gates leaves all the room to its memory.
    """
    above, below = heights
    figure = memory_drawing(cell, False, words, False)
    height = above if gates_of(cell) else above + below
    _figure(figure, held, key=f"{key}_cell_{cell}", token=token, height=height)
    if gates_of(cell):
        _figure(gates_drawing(cell, True), held, key=f"{key}_gates_{cell}", token=token, height=below)


def _figure(drawing: Drawing, held: bool, *, key: str, token: str, height: int) -> None:
    streaming_figure(_held(drawing) if held else drawing, key=key, token=token, height=height)


def forecast(token: str, *, key: str, height: int, held: bool) -> None:
    """The forecast on this side, over the same axes as on the other."""
    streaming_figure(_forecast_drawing(held), key=key, token=token, height=height)


def _held(drawing: Drawing) -> Drawing:
    """The same figure, fed with what there is under the hands."""
    feeds = []
    for feed in drawing.feeds:
        twice = feed["array"] in TWICE
        feeds.append(feed | {"array": f"held_{feed['array']}"} if twice else feed)
    return replace(drawing, feeds=feeds, wants=["held"])


@cache
def _forecast_drawing(held: bool) -> Drawing:
    """Each side draws the other's lines as well, so that both have the same axes: the forecast as learned
    faintly beside the one under the hands, all else invisibly.
    """
    drawing = _held(forecast_chart_drawing()) if held else forecast_chart_drawing()
    figure = copy.deepcopy(drawing.figure)
    figure["data"][2]["name"] = "forecast"  # so that the legend keeps to one line
    feeds = list(drawing.feeds)
    for name, x in (("fit", "x"), ("forecast", "forecast_x")):
        seen = held and name == "forecast"
        line = go.Scatter(
            name="as learned",
            mode="lines",
            line={"color": "#D55E00", "width": 2, "dash": "dot"},
            opacity=0.6 if seen else 0,
            showlegend=seen,
            hoverinfo="skip",
        )
        trace = len(figure["data"])
        figure["data"].append(line.to_plotly_json())
        other = name if held else f"held_{name}"
        feeds += [asdict(Feed(trace, "x", meta=x)), asdict(Feed(trace, "y", array=other))]
    return replace(drawing, figure=figure, feeds=feeds, wants=["held"])
