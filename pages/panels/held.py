"""The same network twice, side by side: as learned, and with hands on its gates."""

from __future__ import annotations

import copy
from dataclasses import asdict, replace
from functools import cache

import plotly.graph_objects as go

from pages.live.component import mount
from pages.live.figure import Drawing, Feed, streaming_figure
from pages.panels.forecast import forecast_chart_drawing
from pages.panels.heatmaps import cell_state_drawing, gates_drawing

# arrays of a frame that exist once more, as "held_…", under the hands
TWICE = ("c", "i", "f", "g", "o", "h", "fit", "forecast")


def verdict(token: str, *, key: str, held: bool) -> None:
    """Which side this is, what is held in it, and how well the network does there."""
    mount("held.js", key=key, token=token, height=46, part="verdict", held=held)


def sample(token: str, *, key: str, height: int, held: bool) -> None:
    """The text that the network writes on this side, after its prompt, with the same dice as on the other."""
    mount("held.js", key=key, token=token, height=height, stretch=True, part="sample", held=held)


def next_token(token: str, *, key: str, height: int, held: bool) -> None:
    """The likeliest next tokens on this side."""
    mount("held.js", key=key, token=token, height=height, stretch=True, part="next", held=held)


def cell_state(token: str, *, key: str, height: int, held: bool, words: bool = False) -> None:
    """The cell state on this side, in the colours of the other."""
    figure = cell_state_drawing(False, words, False)
    streaming_figure(_held(figure) if held else figure, key=key, token=token, height=height)


def gates(token: str, *, key: str, height: int, held: bool) -> None:
    """The gates and the hidden state on this side, under short names: each has half of the page only."""
    figure = gates_drawing(True)
    streaming_figure(_held(figure) if held else figure, key=key, token=token, height=height)


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
