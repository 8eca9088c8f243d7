"""The loss over training steps: of each batch, and on what is never trained on."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go

from pages.live.figure import Drawing, Feed, drawing, streaming_figure


def loss_chart(token: str, *, key: str, height: int, unit: str) -> None:
    """Training and validation loss, on a logarithmic axis. unit: what the loss is measured in."""
    streaming_figure(_loss_chart(unit), key=key, token=token, height=height)


@cache
def _loss_chart(unit: str) -> Drawing:
    figure = go.Figure()
    figure.add_scatter(mode="lines", name="training", line={"color": "#9AA0A8", "width": 1.5})
    figure.add_scatter(mode="lines+markers", name="validation", line={"color": "#D55E00", "width": 2.5})
    figure.data[1].marker.size = 5
    figure.update_traces(hovertemplate="%{y:.4g}")
    figure.update_xaxes(hoverformat=",d", rangemode="tozero", zeroline=False, nticks=5)
    figure.update_yaxes(type="log", title=unit, nticks=5, zeroline=False, exponentformat="power")
    figure.update_layout(
        margin={"l": 48, "r": 18, "t": 20, "b": 22},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        hovermode="x unified",
    )
    feeds = [
        Feed(0, "x", array="loss_step"),
        Feed(0, "y", array="loss"),
        Feed(1, "x", array="valid_step"),
        Feed(1, "y", array="valid"),
    ]
    return drawing(
        figure,
        feeds,
        about="Line chart of the training and validation loss over training steps.",
        empty="The loss appears here after the first training step.",
    )
