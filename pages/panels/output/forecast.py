"""What a series network makes: its one-step-ahead fit, and a forecast that feeds on itself."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go

from pages.common.colours import on_dark
from pages.live.client.component import mount
from pages.live.figures.figure import Drawing, Feed, drawing, streaming_figure


def forecast_chart(token: str, *, key: str, height: int) -> None:
    """The data around the start of the validation part, the fit to what came before, the forecast after."""
    streaming_figure(forecast_chart_drawing(), key=key, token=token, height=height)


@cache
def forecast_chart_drawing() -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = go.Figure()
    # the widest line below, so that it is seen where the others coincide with it
    figure.add_scatter(name="data", mode="lines", line={"color": "#9AA0A8", "width": 6})
    figure.add_scatter(name="one step ahead", mode="lines", line={"color": "#0072B2", "width": 1.5})
    figure.add_scatter(name="forecast on its own", mode="lines", line={"color": "#D55E00", "width": 2.5})
    figure.data[1].meta = {"themed": {"line.color": ["#0072B2", on_dark("#0072B2")]}}
    figure.update_traces(hovertemplate="%{y:.4g}")
    figure.update_xaxes(zeroline=False, nticks=6)
    figure.update_yaxes(zeroline=False, nticks=6)
    figure.update_layout(
        margin={"l": 48, "r": 8, "t": 26, "b": 40},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        hovermode="x unified",
    )
    feeds = [
        Feed(0, "x", meta="x"),
        Feed(0, "y", array="data"),
        Feed(1, "x", meta="x"),
        Feed(1, "y", array="fit"),
        Feed(2, "x", meta="forecast_x"),
        Feed(2, "y", array="forecast"),
        # Plotly keeps the kind of axis that it first guessed
        Feed(None, "xaxis.type", meta="x_type"),
        Feed(None, "xaxis.title.text", meta="x_title"),
        Feed(None, "yaxis.title.text", meta="unit"),
    ]
    return drawing(
        figure,
        feeds,
        about="Line chart of the series, the network's one-step-ahead fit and its closed-loop forecast.",
        empty="The data, the fit and the forecast appear here as soon as the first frame arrives.",
    )


def errors(token: str, *, key: str, height: int) -> None:
    """Errors in the series' own units, beside that of saying "same as the last value"."""
    mount("errors.js", key=key, token=token, height=height)
