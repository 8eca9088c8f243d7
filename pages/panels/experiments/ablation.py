"""Take a gate away: the experiment's settings in the sidebar, nine small charts, the ranking beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from lstm_core.config import Knobs, MemoryConfig, SeriesConfig, TextConfig
from lstm_core.config.fields import Checked, limits, one_of
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.ablation.variants import PLAIN, VARIANTS
from lstm_core.tasks.corpora import CORPUS_ABOUT, CORPUS_NAMES
from lstm_core.tasks.memory import MEMORY_ABOUT, MEMORY_NAMES
from lstm_core.tasks.series import SERIES_ABOUT, SERIES_NAMES
from pages.common.colours import GATES, on_dark
from pages.live.client.component import mount
from pages.live.figures.figure import Drawing, Feed, drawing, streaming_figure
from pages.panels.controls.inline import choice
from pages.panels.controls.network import number_in_range, size_slider
from pages.panels.controls.settings import Settings
from pages.panels.runs.run import live_knobs

TEXTS = ("tales", "rhymes", "counting", "brackets", "log", "python")
SERIES = ("sine", "two sines", "square", "mackey-glass", "sunspots")
MEMORY = ("recall", "adding", "counting")
# in the address, a memory task goes by this name, since there is a text of the same
DATA = (*TEXTS, *SERIES, *(f"memory {kind}" for kind in MEMORY))
SIZES = [4, 8, 16, 24, 32, 48, 64]
# of each variant, [light, dark]: that of the gate or state which is gone, or which the gates now see
_PARTS = {"no input gate": "i", "no forget gate": "f", "no output gate": "o", "no input activation": "g"}
_PARTS |= {"no output activation": "h", "coupled gates": "r", "peepholes": "c", "gate recurrence": "z"}
GREY = ["#7C838C", "#9AA0A8"]
COLOURS = [
    [GATES[_PARTS[one.name]], on_dark(GATES[_PARTS[one.name]])] if one.name in _PARTS else GREY
    for one in VARIANTS
]
SOURCE = (
    "The variants of “LSTM: A Search Space Odyssey” (Greff et al. 2017). The LSTM of that paper has "
    "peepholes; the one here is PyTorch's, without."
)
ABOUT = [f"{one.name} ({one.equation}): {one.about}" for one in VARIANTS]


@dataclass(frozen=True)
class DataChoice(Checked):
    """What the widget over the data says; an address may hold it."""

    data: str = one_of("tales", DATA, "What all networks learn.")


def task_of(data: str) -> TextConfig | SeriesConfig | MemoryConfig:
    """data: one of DATA."""
    if data in TEXTS:
        return TextConfig(data)
    return SeriesConfig(data) if data in SERIES else MemoryConfig(data.removeprefix("memory "))


def data_name(data: str) -> str:
    if data in TEXTS:
        return CORPUS_NAMES[data]
    return SERIES_NAMES[data] if data in SERIES else f"Memory: {MEMORY_NAMES[data.removeprefix('memory ')]}"


def _data_about(data: str) -> str:
    if data in TEXTS:
        return CORPUS_ABOUT[data]
    return SERIES_ABOUT[data] if data in SERIES else MEMORY_ABOUT[data.removeprefix("memory ")]


def controls(settings: Settings) -> dict[str, Any]:
    """Fields of the AblationConfig, from widgets in the sidebar: they ask for new networks."""
    key = settings.widget_key(DataChoice, "data")
    if st.session_state[key] not in DATA:  # a run from elsewhere may learn anything
        st.session_state[key] = DATA[0]
    data = st.selectbox(
        "Data",
        DATA,
        format_func=data_name,
        key=key,
        help="\n\n".join(f"**{data_name(one)}**: {_data_about(one)}" for one in DATA),
    )
    settings.keep(DataChoice, "data", data)
    hidden_size = size_slider(settings, "Hidden units", AblationConfig, "hidden_size", SIZES)
    place = st.container()
    key = settings.widget_key(AblationConfig, "chrono")
    chrono = st.toggle("Chrono", key=key, help=limits(AblationConfig, "chrono")["about"])
    bias = number_in_range(
        place.slider, settings, "Forget bias", AblationConfig, "forget_bias", 0.5, disabled=chrono
    )
    spec = limits(AblationConfig, "seeds")
    numbers = {number: f"{number}" for number in range(spec["low"], spec["high"] + 1)}
    return {
        "task": task_of(data),
        "hidden_size": hidden_size,
        "forget_bias": bias,
        "chrono": settings.keep(AblationConfig, "chrono", chrono),
        "seeds": choice(settings, "Seeds", AblationConfig, "seeds", numbers),
        "knobs": live_knobs(settings),
    }


def live_sliders(settings: Settings, token: str, lag: bool) -> None:
    """Sliders that act on all networks while they are dragged; lag: whether the data have one."""
    one, two = st.columns(2)
    with one, st.container(gap="xxsmall"):
        settings.slider("Learning rate", Knobs, "learning_rate", token, scale="log", high=0.3)
        settings.slider("Gradient clip", Knobs, "clip", token, scale="log")
    with two, st.container(gap="xxsmall"):
        settings.slider("Batch size", Knobs, "batch_size", token, scale="log")
        if lag:
            settings.slider("Lag", Knobs, "lag", token)


def small_charts(token: str, *, key: str, height: int, squared: bool) -> None:
    """Validation loss of every variant over steps, beside the plain LSTM's. squared: errors, not nats."""
    streaming_figure(small_charts_drawing(squared), key=key, token=token, height=height)


@cache
def small_charts_drawing(squared: bool, /) -> Drawing:
    """The figure and its feeds, built once in a process."""
    figure = make_subplots(
        3, 3, shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.05, vertical_spacing=0.085
    )
    feeds: list[Feed] = []
    themed = {}
    for number, variant in enumerate(VARIANTS):
        axis = f"yaxis{number + 1 if number else ''}"
        for end, name in enumerate(("axis_low", "axis_high")):
            feeds.append(Feed(None, f"{axis}.range.{end}", meta=name))
        place = {"row": number // 3 + 1, "col": number % 3 + 1}
        for name, of, width in (
            ("low", number, 0),
            ("high", number, 0),
            ("mean", PLAIN, 5),  # on both sides of a variant's line where that is the same
            ("mean", number, 2),
        ):
            feeds += [
                Feed(len(figure.data), "x", array="steps"),
                Feed(len(figure.data), "y", array=f"{name}_{of}"),
            ]
            figure.add_trace(_line(name, of, width), **place)
        figure.add_annotation(
            text=f"<b>{variant.name}</b>",
            hovertext=ABOUT[number],
            font={"size": 14, "color": COLOURS[number][0]},
            **{"x": 0, "y": 1, "xref": "x domain", "yref": "y domain"},
            **{"xanchor": "left", "yanchor": "bottom", "showarrow": False},
            **place,
        )
        themed[f"annotations.{number}.font.color"] = COLOURS[number]
    figure.update_xaxes(rangemode="tozero", zeroline=False, nticks=4, hoverformat=",d")
    figure.update_yaxes(zeroline=False, nticks=5, range=[0, 1])
    if squared:
        powers = range(-12, 13, 2)
        labels = [f"10<sup>{power}</sup>" if power else "1" for power in powers]
        figure.update_yaxes(type="log", tickvals=[10.0**power for power in powers], ticktext=labels)
    figure.update_layout(
        margin={"l": 40, "r": 16, "t": 22, "b": 24},
        font_size=13,
        showlegend=False,
        hovermode="x",
        meta={"themed": themed},
    )
    return drawing(
        figure,
        feeds,
        about="Nine line charts, one for each variant: its validation loss over training steps, as the mean "
        "and the range over its seeds, beside the mean of the plain LSTM.",
        empty="The validation losses appear here after the first training step.",
    )


def _line(name: str, of: int, width: float) -> go.Scatter:
    """The mean of variant `of` or, without a line of its own, an end of the range over its seeds."""
    colours = COLOURS[of]
    line = go.Scatter(mode="lines", line={"color": colours[0], "width": width})
    line.meta = {"themed": {"line.color": colours}}
    if name == "mean":
        line.hovertemplate = f"{VARIANTS[of].name} %{{y:.3g}}<extra></extra>"
    else:
        line.hoverinfo = "skip"
    if name == "high":
        line.update(fill="tonexty", fillcolor=_faint(colours[0]))
        line.meta["themed"]["fillcolor"] = [_faint(colour) for colour in colours]
    return line


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.22)"


def ranking(token: str, *, key: str, height: int) -> None:
    """The variants by their validation loss, with every seed's, and how far from the plain LSTM."""
    mount("ablation.js", key=key, token=token, height=height, stretch=True, colours=COLOURS)
