"""Panels of the Compare page: two networks side by side, and what lies between them."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go

from pages.common.colours import NAMES, SIGMOIDS, diverging_scale, on_dark, scale_of
from pages.live.client.component import mount
from pages.live.figures.figure import Drawing, Feed, Select, drawing, streaming_figure
from pages.panels.output.loss import set_loss_axes

SIDES = ("#0072B2", "#D55E00")  # left and right, here as everywhere on the page
COLOURS = [[colour, on_dark(colour)] for colour in SIDES]


def side(token: str, *, key: str, right: bool) -> None:
    """What this side is called, how well it does, how large it is, and what a step of it costs."""
    mount("compare.js", key=key, token=token, height=46, part="side", right=right, colour=COLOURS[right])


def writing(token: str, *, key: str, height: int, right: bool) -> None:
    """The text that this side writes after its prompt, with the same dice as the other one; or the one that
    it reads, with its gaps filled.
    """
    mount("compare.js", key=key, token=token, height=height, stretch=True, part="text", right=right)


def losses(token: str, *, key: str, height: int, nats: bool) -> None:
    """Validation losses of both, and faintly their training losses, on a logarithmic axis."""
    streaming_figure(losses_drawing(nats), key=key, token=token, height=height)


@cache
def losses_drawing(nats: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = go.Figure()
    feeds = []
    for number, (which, dash) in enumerate((("", "solid"), ("right_", "6px,3px"))):
        light, dark = COLOURS[number]
        themed = {"line.color": [light, dark]}
        line = {"width": 1, "color": light}
        figure.add_scatter(mode="lines", line=line, opacity=0.35, showlegend=False, hoverinfo="skip")
        figure.data[-1].meta = {"themed": themed}
        line = {"width": 2.5, "color": light, "dash": dash}
        marker = {"size": 6, "symbol": ("circle", "diamond-open")[number], "color": light}
        figure.add_scatter(mode="lines+markers", line=line, marker=marker, hovertemplate="%{y:.4g}")
        figure.data[-1].meta = {"themed": themed | {"marker.color": [light, dark]}}
        for trace, name in ((2 * number, "loss"), (2 * number + 1, "valid")):
            feeds += [
                Feed(trace, "x", array=f"{which}{name}_step"),
                Feed(trace, "y", array=f"{which}{name}"),
            ]
        feeds.append(Feed(2 * number + 1, "name", meta=f"{which or 'left_'}name"))
    set_loss_axes(figure, nats, top=22)
    return drawing(
        figure,
        feeds,
        about="Line chart of the validation and training losses of both networks over training steps.",
        empty="Both losses appear here after the first training step.",
    )


def forecast(token: str, *, key: str, height: int, right: bool, same_data: bool) -> None:
    """The forecast of this side and, if both continue the same series, faintly that of the other one."""
    streaming_figure(forecast_drawing(right, same_data), key=key, token=token, height=height)


@cache
def forecast_drawing(right: bool, same_data: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = go.Figure()
    # widest first, so that lines which coincide lie inside each other
    figure.add_scatter(name="data", mode="lines", line={"color": "#9AA0A8", "width": 7})
    which = "right_" if right else ""
    own = which if not same_data else ""  # where the axes come from
    feeds = [Feed(0, "x", meta=f"{own}x"), Feed(0, "y", array=f"{own}data")]
    sides = [(which, right, 2.0, "solid", 1.0)]
    if same_data:  # both draw both, so that they have the same axes
        sides.insert(0, ("" if right else "right_", not right, 4.5, "solid", 0.55))
    for trace, (side, number, width, dash, opacity) in enumerate(sides, start=1):
        light, dark = COLOURS[number]
        line = {"color": light, "width": width, "dash": dash}
        figure.add_scatter(mode="lines", line=line, opacity=opacity)
        figure.data[-1].meta = {"themed": {"line.color": [light, dark]}}
        feeds += [
            Feed(trace, "x", meta=f"{own}forecast_x"),
            Feed(trace, "y", array=f"{side}forecast"),
            Feed(trace, "name", meta=f"{side or 'left_'}name"),
        ]
    figure.update_traces(hovertemplate="%{y:.4g}")
    figure.update_xaxes(zeroline=False, nticks=5)
    figure.update_yaxes(zeroline=False, nticks=5)
    figure.update_layout(
        margin={"l": 40, "r": 8, "t": 22, "b": 22},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        hovermode="x unified",
    )
    feeds.append(Feed(None, "xaxis.type", meta=f"{own}x_type"))
    return drawing(
        figure,
        feeds,
        about="Line chart of the series and of the closed-loop forecasts.",
        empty="The data and the forecast appear here as soon as the first frame arrives.",
    )


def maps(token: str, *, key: str, height: int, signal: str, same_units: bool) -> None:
    """Heatmaps of one signal: left, right, and right − left, in the same colours; and below them what the
    difference means, with the numbers of the place that the mouse is on.
    """
    mount(
        "compare.js",
        key=key,
        token=token,
        height=height,
        stretch=True,
        part="maps",
        title=NAMES[signal][0],
        symbol=NAMES[signal][1],
        colours=COLOURS,
        figures=[vars(map_drawing(signal, side, same_units)) for side in ("", "right_", "delta_")],
    )


@cache
def map_drawing(signal: str, side: str, same_units: bool, /) -> Drawing:
    """One of the heatmaps. side: "", "right_" or "delta_", as the frame names its arrays."""
    gate = signal in SIGMOIDS and side != "delta_"
    scale = scale_of(signal) if gate else diverging_scale()
    bar = side == "right_" or (side == "delta_" and signal in SIGMOIDS)  # which has other colours
    figure = go.Figure(
        go.Heatmap(
            zmin=0 if gate else -1,
            zmax=1,
            colorscale=scale[0],
            showscale=bar,
            colorbar={"thickness": 8, "outlinewidth": 0, "nticks": 5} if bar else None,
            hovertemplate="%{z:.3g}<extra></extra>",
            meta={"themed": {"colorscale": scale}},
        )
    )
    figure.update_xaxes(showgrid=False, zeroline=False, nticks=8, ticks="")
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False)
    figure.update_layout(margin={"l": 36, "r": 40 if bar else 4, "t": 4, "b": 20})
    rows = "" if same_units else side
    feeds = [
        Feed(0, "z", array=f"{side}{signal}"),
        Feed(0, "zmax", meta="limit"),
        Feed(None, "yaxis.tickvals", meta=f"{rows}unit_rows"),
        Feed(None, "yaxis.ticktext", meta=f"{rows}unit_labels"),
    ]
    if not gate:
        feeds.append(Feed(0, "zmin", meta="limit", scale=-1))
    who = {"": "on the left", "right_": "on the right", "delta_": "on the right less that on the left"}[side]
    return drawing(
        figure,
        feeds,
        # a click means the unit of this number on the left
        selects=[Select(rows=True)] if same_units or not side else [],
        about=f"Heatmap of the {NAMES[signal][0]} {who}, of every unit shown at every step of the probe.",
        empty=f"The {NAMES[signal][0]} {who} appears here as soon as the first frame arrives.",
    )
