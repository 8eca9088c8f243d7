"""The streaming figure: an ordinary Plotly figure whose data are replaced in place, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import plotly.graph_objects as go

from pages.live.client.component import mount


@dataclass(frozen=True)
class Feed:
    """Which part of a frame feeds which attribute of the figure.

    trace: index of the trace, or None for the layout. attribute: as Plotly writes it ("z", "xaxis.ticktext").
    array: name of an array of the frame: a matrix becomes rows, a vector stays one. meta: name of a value in
    the frame's header, instead of an array ("cells" names every cell of a heatmap); `scale` multiplies it.
    """

    trace: int | None
    attribute: str
    array: str | None = None
    meta: str | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Select:
    """A subplot in which a click chooses the time step, and which marks the chosen one.

    x, y: its axes, as Plotly's traces name them ("x2"). Step t stands at t on the x axis. rows: whether it is
    a heatmap with a row for each unit shown; then a click chooses the unit, too, and its row is marked.
    """

    x: str = "x"
    y: str = "y"
    rows: bool = False


@dataclass(frozen=True)
class Drawing:
    """A figure and its feeds in the form that the component takes. Build each once: see `drawing`."""

    figure: dict[str, Any]
    feeds: list[dict[str, Any]]
    selects: list[dict[str, Any]]
    wants: list[str]
    about: str
    empty: str


def drawing(
    figure: go.Figure,
    feeds: list[Feed],
    *,
    about: str,
    empty: str,
    selects: Sequence[Select] = (),
    wants: Sequence[str] = (),
) -> Drawing:
    """Prepare `figure`. To build one takes longer than all else in a script run, so panels cache theirs.

    about: a sentence for people who cannot see it. empty: what will appear here, shown until it does.
    selects: the subplots that follow the selection, and in which a click changes it. wants: the parts of a
    frame that not everybody shows, and that this figure needs.
    Colours that follow the theme stand in `meta["themed"]` of a trace or of the layout, as attribute →
    [light, dark]. `meta["legend"]` of the layout: a legend belongs to the figure when it is shown alone.
    """
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="keep",  # zoom and pan survive new data
    )
    # Plotly would measure every label at every frame to hide those at the edge
    figure.update_xaxes(ticklabeloverflow="allow", automargin=False)
    figure.update_yaxes(ticklabeloverflow="allow", automargin=False)
    return Drawing(
        json.loads(figure.to_json()),
        [asdict(feed) for feed in feeds],
        [asdict(select) for select in selects],
        list(wants),
        about,
        empty,
    )


def streaming_figure(drawing: Drawing, *, key: str, token: str, height: int) -> None:
    """Show a figure, fed by the run of `token`. height: pixels in a window 768 pixels high."""
    mount("figure.js", key=key, token=token, height=height, stretch=True, **vars(drawing))
