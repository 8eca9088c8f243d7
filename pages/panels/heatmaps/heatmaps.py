"""Heatmaps of what the network computes while it reads the probe: what it remembers, and its gates."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lstm_core.config import MEMORY, SIGNALS
from pages.common.colours import GATES, NAMES, SIGMOIDS, on_dark, scale_of
from pages.live.figures.figure import Drawing, Feed, Select, drawing, streaming_figure


def gates_of(cell: str) -> str:
    """What stands beside the memory's heatmap: gates, candidate and, of an LSTM, h; "" if nothing does."""
    return "".join(signal for signal in SIGNALS[cell] if signal != MEMORY[cell])


def _heatmap(name: str, **options: object) -> go.Heatmap:
    title, symbol, _ = NAMES[name]
    scale = scale_of(name)
    return go.Heatmap(
        zmin=0 if name in SIGMOIDS else -1,
        zmax=1,
        colorscale=scale[0],
        hovertemplate=f"%{{text}}<br>{title} {symbol} = %{{z:.3g}}<extra></extra>",
        meta={"themed": {"colorscale": scale}},
        **options,
    )


def _feeds(trace: int, name: str) -> list[Feed]:
    return [Feed(trace, "z", array=name), Feed(trace, "text", meta="cells")]


def memory(
    token: str,
    cell: str,
    *,
    key: str,
    height: int,
    series: bool = False,
    words: bool = False,
    numbers: bool = False,
) -> None:
    """What the network remembers in (c, or h), units down, the probe's tokens across; of a series with its
    values above.

    numbers: of the time steps, instead of the tokens.
    """
    figure = memory_drawing(cell, series, words, numbers)
    # a figure that is fed otherwise is another one: the frames still on their way do not suit it
    streaming_figure(figure, key=f"{key}_{cell}_{numbers}", token=token, height=height)


@cache
def memory_drawing(cell: str, series: bool, words: bool, numbers: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process.

    Positional only, and no defaults: to the cache the same call written otherwise would be another one.
    """
    signal = MEMORY[cell]
    figure = make_subplots(
        rows=2 if series else 1,
        shared_xaxes=True,
        row_heights=[0.24, 0.76] if series else [1],
        vertical_spacing=0.03,
    )
    row = 2 if series else 1
    bar = {"thickness": 10, "len": 0.76 if series else 1, "y": 0, "yanchor": "bottom", "outlinewidth": 0}
    figure.add_trace(_heatmap(signal, showscale=True, colorbar=bar), row=row, col=1)
    feeds = [
        *_feeds(0, signal),
        Feed(0, "zmax", meta="c_limit"),
        Feed(0, "zmin", meta="c_limit", scale=-1),
    ]
    figure.update_xaxes(
        ticks="",
        showgrid=False,
        zeroline=False,
        side="bottom" if series else "top",
        tickangle=-60 if words else 0,
        tickfont_size=12 if words else 13,
    )
    figure.update_yaxes(autorange="reversed", title="unit", showgrid=False, zeroline=False, row=row, col=1)
    y = "yaxis2" if series else "yaxis"
    feeds += [Feed(None, f"{y}.tickvals", meta="unit_rows"), Feed(None, f"{y}.ticktext", meta="unit_labels")]
    if series:
        # no markers: Plotly would widen the axis for them, and the values must stand above their columns
        line = go.Scatter(mode="lines", line={"color": "#8A8F98", "width": 2})
        line.hovertemplate = "%{y:.4g}<extra></extra>"
        figure.add_trace(line, row=1, col=1)
        figure.update_yaxes(nticks=4, zeroline=False, title="value", row=1, col=1)
        feeds += [Feed(1, "y", array="probe"), Feed(None, "xaxis2.title.text", meta="x_title")]
    x = "xaxis2" if series else "xaxis"
    if not numbers:
        feeds += [Feed(None, f"{x}.tickvals", meta="tick_steps"), Feed(None, f"{x}.ticktext", meta="ticks")]
        feeds.append(Feed(None, f"{x}.tickfont.size", meta="tick_size"))
    figure.update_layout(
        margin={"l": 48, "r": 8, "t": 6 if series else 60 if words else 22, "b": 38 if series else 4},
        showlegend=False,
    )
    return drawing(
        figure,
        feeds,
        selects=[Select("x2", "y2", rows=True), Select()] if series else [Select(rows=True)],
        about=f"Heatmap of the {NAMES[signal][0]} of every unit shown, at every step of the probe.",
        empty=f"The {NAMES[signal][0]} appears here as soon as the first frame arrives.",
    )


def gates(token: str, cell: str, *, key: str, height: int, narrow: bool = False) -> None:
    """Gates, candidate and, of an LSTM, hidden state side by side, units and steps as above.

    narrow: with short titles, for a column of less than 500 pixels. Not for a cell without gates.
    """
    streaming_figure(gates_drawing(cell, narrow), key=f"{key}_{cell}", token=token, height=height)


@cache
def gates_drawing(cell: str, narrow: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    signals = gates_of(cell)
    figure = make_subplots(cols=len(signals), shared_yaxes=True, horizontal_spacing=0.012)
    feeds: list[Feed] = []
    for number, name in enumerate(signals):
        figure.add_trace(_heatmap(name, showscale=False), row=1, col=number + 1)
        feeds += _feeds(number, name)
        title, symbol, about = NAMES[name]
        text = f"<b>{title.split()[0]} {name}</b>" if narrow else f"<b>{title} {symbol}</b><br>{about}"
        figure.add_annotation(
            text=text,
            hovertext=f"{title}: {about}" if narrow else None,
            font={"color": GATES[name], "size": 13},
            x=0,
            y=1,
            xref=f"x{number + 1 if number else ''} domain",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            align="left",
            showarrow=False,
        )
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, ticks="")
    figure.update_yaxes(autorange="reversed", showticklabels=False, showgrid=False, zeroline=False, ticks="")
    themed = {
        f"annotations.{number}.font.color": [GATES[name], on_dark(GATES[name])]
        for number, name in enumerate(signals)
    }
    figure.update_layout(margin={"l": 48, "r": 8, "t": 20 if narrow else 38, "b": 2}, meta={"themed": themed})
    return drawing(
        figure,
        feeds,
        selects=[
            Select(f"x{number}" if number > 1 else "x", f"y{number}" if number > 1 else "y", rows=True)
            for number in range(1, len(signals) + 1)
        ],
        about=f"Gates side by side: {', '.join(NAMES[name][0] for name in signals)}.",
        empty="The gates appear here as soon as the first frame arrives.",
    )
