"""The loss over training steps: of each batch, and on what is never trained on."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go

from pages.live.figures.figure import Drawing, Feed, drawing, streaming_figure


def loss_chart(token: str, *, key: str, height: int, nats: bool) -> None:
    """Training and validation loss, on a logarithmic axis: in nats, or squared scaled units."""
    streaming_figure(loss_chart_drawing(nats), key=key, token=token, height=height)


@cache
def loss_chart_drawing(nats: bool) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = go.Figure()
    figure.add_scatter(mode="lines", name="training", line={"color": "#9AA0A8", "width": 1.5})
    figure.add_scatter(mode="lines+markers", name="validation", line={"color": "#D55E00", "width": 2.5})
    figure.data[1].marker.size = 5
    mark = {"size": 11, "symbol": "circle-open", "color": "#0072B2", "line": {"width": 2.5}}
    figure.add_scatter(mode="lines+markers", name="shown", line={"color": "#0072B2", "width": 2}, marker=mark)
    figure.data[2].showlegend = False
    figure.update_traces(hovertemplate="%{y:.4g}")
    set_loss_axes(figure, nats, top=20)
    feeds = [
        Feed(0, "x", array="loss_step"),
        Feed(0, "y", array="loss"),
        Feed(1, "x", array="valid_step"),
        Feed(1, "y", array="valid"),
        Feed(2, "x", array="mark_step"),
        Feed(2, "y", array="mark"),
    ]
    return drawing(
        figure,
        feeds,
        about="Line chart of the training and validation loss over training steps.",
        empty="The loss appears here after the first training step.",
    )


def set_loss_axes(figure: go.Figure, nats: bool, top: int) -> None:
    """Training steps across, and the loss on a logarithmic axis; the legend stands above it.

    nats: else squared scaled units. top: pixels above the axes.
    """
    # Plotly's own labels of a logarithmic axis run into each other in so small a figure
    values = [mantissa * 10.0**power for power in range(-2, 2) for mantissa in (1, 2, 5)]
    labels = [f"{value:g}" for value in values]
    if not nats:
        values = [10.0**power for power in range(-12, 13, 2)]
        labels = [f"10<sup>{power}</sup>" if power else "1" for power in range(-12, 13, 2)]
    title = "nats" if nats else "squared error"
    figure.update_xaxes(hoverformat=",d", rangemode="tozero", zeroline=False, nticks=5)
    figure.update_yaxes(type="log", title=title, tickvals=values, ticktext=labels, zeroline=False)
    figure.update_layout(
        margin={"l": 48, "r": 18, "t": top, "b": 22},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        hovermode="x unified",
    )
