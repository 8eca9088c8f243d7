"""Heatmaps of what the network computes while it reads the probe: the cell state, and the gates."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.live.figure import Drawing, Feed, Select, drawing, streaming_figure
from pages.panels.colours import GATES, NAMES, diverging_scale, gate_scale, on_dark

GATES_SHOWN = ("i", "f", "g", "o", "h")


def _heatmap(name: str, **options: object) -> go.Heatmap:
    title, symbol, _ = NAMES[name]
    gate = name in "ifo"
    scale = gate_scale(name) if gate else diverging_scale()
    return go.Heatmap(
        zmin=0 if gate else -1,
        zmax=1,
        colorscale=scale[0],
        hovertemplate=f"%{{text}}<br>{title} {symbol} = %{{z:.3g}}<extra></extra>",
        meta={"themed": {"colorscale": scale}},
        **options,
    )


def _feeds(trace: int, name: str) -> list[Feed]:
    return [Feed(trace, "z", array=name), Feed(trace, "text", meta="cells")]


def cell_state(
    token: str, *, key: str, height: int, series: bool = False, words: bool = False, numbers: bool = False
) -> None:
    """The cell state c, units down, the probe's tokens across; for a series its values stand above.

    numbers: of the time steps, instead of the tokens.
    """
    streaming_figure(cell_state_drawing(series, words, numbers), key=key, token=token, height=height)


@cache
def cell_state_drawing(series: bool, words: bool, numbers: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process.

    Positional only, and no defaults: to the cache the same call written otherwise would be another one.
    """
    figure = make_subplots(
        rows=2 if series else 1,
        shared_xaxes=True,
        row_heights=[0.24, 0.76] if series else [1],
        vertical_spacing=0.03,
    )
    row = 2 if series else 1
    bar = {"thickness": 10, "len": 0.76 if series else 1, "y": 0, "yanchor": "bottom", "outlinewidth": 0}
    figure.add_trace(_heatmap("c", showscale=True, colorbar=bar), row=row, col=1)
    feeds = [
        *_feeds(0, "c"),
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
    figure.update_layout(
        margin={"l": 48, "r": 8, "t": 6 if series else 60 if words else 22, "b": 38 if series else 4},
        showlegend=False,
    )
    return drawing(
        figure,
        feeds,
        selects=[Select("x2", "y2", rows=True), Select()] if series else [Select(rows=True)],
        about="Heatmap of the cell state of every unit shown, at every step of the probe.",
        empty="The cell state appears here as soon as the first frame arrives.",
    )


def gates(token: str, *, key: str, height: int, narrow: bool = False) -> None:
    """Input, forget, candidate, output and hidden state side by side, units and steps as above.

    narrow: with short titles, for a column of less than 500 pixels.
    """
    streaming_figure(gates_drawing(narrow), key=key, token=token, height=height)


@cache
def gates_drawing(narrow: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = make_subplots(cols=len(GATES_SHOWN), shared_yaxes=True, horizontal_spacing=0.012)
    feeds: list[Feed] = []
    for number, name in enumerate(GATES_SHOWN):
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
        for number, name in enumerate(GATES_SHOWN)
    }
    figure.update_layout(margin={"l": 48, "r": 8, "t": 20 if narrow else 38, "b": 2}, meta={"themed": themed})
    return drawing(
        figure,
        feeds,
        selects=[
            Select(f"x{number}" if number > 1 else "x", f"y{number}" if number > 1 else "y", rows=True)
            for number in range(1, len(GATES_SHOWN) + 1)
        ],
        about="Five heatmaps: input gate, forget gate, candidate, output gate and hidden state.",
        empty="The gates appear here as soon as the first frame arrives.",
    )
