"""One unit: its gates and states over the probe; on held-out data, where a signal is highest and lowest."""

from __future__ import annotations

from functools import cache

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.common.colours import GATES, NAMES, SIGMOIDS, on_dark
from pages.live.client.component import mount
from pages.live.figures.figure import Drawing, Feed, Select, drawing, streaming_figure
from pages.panels.sequence.sequence import palette

# signals of one range stand in one subplot
ROWS = {"lstm": ("ifo", "gh", "c"), "gru": ("rz", "nh"), "rnn": ("h",)}
WHAT = {"lstm": "gates and states appear", "gru": "gates and state appear", "rnn": "hidden state appears"}
SHARES = {"lstm": [4, 4, 5], "gru": [4, 5], "rnn": [1]}  # of the height
# at the sides, in pixels; those of a plain RNN stand below its heatmap, column below column
MARGINS = {"lstm": (34, 46), "gru": (34, 46), "rnn": (48, 64)}


def unit_lines(token: str, cell: str, *, key: str, height: int) -> None:
    """The chosen unit's gates and states as lines over the probe. A click chooses the time step."""
    streaming_figure(unit_lines_drawing(cell), key=f"{key}_{cell}", token=token, height=height)


@cache
def unit_lines_drawing(cell: str, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    rows = ROWS[cell]
    figure = make_subplots(rows=len(rows), shared_xaxes=True, row_heights=SHARES[cell], vertical_spacing=0.09)
    feeds: list[Feed] = []
    names: list[list[str]] = []  # beside each subplot, in the lines' colours: [light, dark]
    for row, signals in enumerate(rows):
        for signal in signals:
            colours = [GATES[signal], on_dark(GATES[signal])]
            line = go.Scatter(mode="lines", line={"color": colours[0], "width": 2})
            line.meta = {"themed": {"line.color": colours}}
            line.hovertemplate = (
                f"{NAMES[signal][0]} {signal} = %{{y:.3f}}<br>t = %{{x}} “%{{text}}”<extra></extra>"
            )
            feeds += [
                Feed(len(figure.data), "y", array=f"unit_{signal}"),
                Feed(len(figure.data), "text", meta="labels"),
            ]
            figure.add_trace(line, row=row + 1, col=1)
        names.append(
            [
                " ".join(f'<b style="color:{colour(GATES[signal])}">{signal}</b>' for signal in signals)
                for colour in (str, on_dark)
            ]
        )
        figure.add_annotation(
            text=names[row][0],
            font_size=15,
            x=1,
            y=0.5,
            xref="paper",
            yref=f"y{row + 1 if row else ''} domain",
            xanchor="left",
            xshift=4,
            showarrow=False,
        )
    figure.update_xaxes(showgrid=False, zeroline=False, nticks=8)
    for row, signals in enumerate(rows, 1):
        if signals[0] in SIGMOIDS:
            figure.update_yaxes(zeroline=False, row=row, col=1, range=[-0.05, 1.05], tickvals=[0, 1])
        elif signals == "c":
            figure.update_yaxes(zerolinewidth=1, row=row, col=1, nticks=4)
        else:
            figure.update_yaxes(zerolinewidth=1, row=row, col=1, range=[-1.1, 1.1], tickvals=[-1, 1])
    figure.update_layout(
        margin={"l": MARGINS[cell][0], "r": MARGINS[cell][1], "t": 4, "b": 20},
        showlegend=False,
        meta={"themed": {f"annotations.{row}.text": texts for row, texts in enumerate(names)}},
    )
    return drawing(
        figure,
        feeds,
        selects=[Select(), Select("x2", "y2"), Select("x3", "y3")][: len(rows)],
        wants=["unit"],
        about=f"Line charts of the chosen unit's {', '.join(''.join(rows))} over the probe.",
        empty=f"The chosen unit's {WHAT[cell]} here as soon as the first frame arrives.",
    )


def distribution(token: str, cell: str, *, key: str, height: int) -> None:
    """Histogram of the chosen signal of the chosen unit on data that is never trained on."""
    mount(
        "distribution.js",
        key=f"{key}_{cell}",
        token=token,
        height=height,
        stretch=True,
        palette=palette(cell),
    )


def stretches(token: str, cell: str, *, key: str, height: int, words: bool = False) -> None:
    """The ten stretches of that data where the chosen unit's signal is highest, and ten where lowest."""
    mount(
        "stretches.js",
        key=f"{key}_{cell}",
        token=token,
        height=height,
        stretch=True,
        words=words,
        palette=palette(cell),
    )
