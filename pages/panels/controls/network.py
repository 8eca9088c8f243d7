"""Sidebar widgets for the network and its training that ask for a new network."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import ModelConfig, TrainConfig, View
from lstm_core.config.fields import Checked, limits
from pages.panels.controls.inline import choice
from pages.panels.controls.settings import Settings

SIZES = [4, 8, 16, 32, 48, 64, 96, 128, 192, 256]
LENGTHS = [4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256]
WIDTHS = [4, 3]  # of the two columns
LONGEST_CHRONO = 200  # on the slider; a link may go further
CELL_NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
CELLS_ABOUT = (
    "**LSTM**: three gates and a memory of its own, c.\n\n**GRU**: two gates; its memory is h itself.\n\n"
    "**RNN**: no gate at all; h is computed anew at every step."
)
BOTH_WAYS = (
    "A second network reads from the end, so that each gap is filled by who knows both sides. A network that "
    "says what comes next must not: it would have seen what it should predict, and nothing yet stands to the "
    "right of what it writes itself."
)


def controls(settings: Settings, *, gaps: bool = False) -> tuple[ModelConfig, TrainConfig]:
    """Cell, hidden units, layers and sequence length; how the weights begin in a fold.

    gaps: whether the network fills gaps, and so may read from both sides.
    """
    cell = choice(settings, "Cell", ModelConfig, "cell", CELL_NAMES, CELLS_ABOUT)
    bidirectional = gaps and _both_ways(settings)
    left, right = st.columns(WIDTHS, gap="small")
    with left:
        hidden_size = size_slider(settings, "Hidden units", ModelConfig, "hidden_size", SIZES)
    with right:
        num_layers = number_in_range(st.slider, settings, "Layers", ModelConfig, "num_layers")
    left, right = st.columns(WIDTHS, gap="small", vertical_alignment="center")
    with left:
        sequence_length = size_slider(settings, "Sequence length", TrainConfig, "sequence_length", LENGTHS)
    with right, st.popover("Weights", width="stretch", help="The initial weights: where learning begins."):
        initial, seed = _initial_weights(settings, cell)
    model = ModelConfig(
        cell=cell, hidden_size=hidden_size, num_layers=num_layers, bidirectional=bidirectional, **initial
    )
    return model, TrainConfig(sequence_length=sequence_length, seed=seed)


def _both_ways(settings: Settings) -> bool:
    key = settings.widget_key(ModelConfig, "bidirectional")
    value = st.toggle("Read in both directions", key=key, help=BOTH_WAYS)
    return settings.keep(ModelConfig, "bidirectional", value)


def _initial_weights(settings: Settings, cell: str) -> tuple[dict[str, Any], int]:
    """Fields of the ModelConfig that say how this cell's weights begin, and the seed."""
    names = {"orthogonal": "orthogonal", "uniform": "uniform"}
    fields: dict[str, Any] = {"init": choice(settings, "Init", ModelConfig, "init", names)}
    left, right = st.columns(2)
    if cell == "lstm":
        with left:
            bias = number_in_range(st.slider, settings, "Forget bias", ModelConfig, "forget_bias", step=0.5)
        fields["forget_bias"] = bias
    if cell != "rnn":
        high = max(LONGEST_CHRONO, settings.stored(ModelConfig, "chrono"))
        with right if cell == "lstm" else st.container():
            label = "Chrono (0: off)"
            fields["chrono"] = number_in_range(st.slider, settings, label, ModelConfig, "chrono", high=high)
    return fields, number_in_range(st.number_input, settings, "Seed", TrainConfig, "seed")


def view_controls(settings: Settings, model: ModelConfig) -> dict[str, Any]:
    """Which layer and which units the heatmaps show; as fields of a `View`."""
    names = row_names(model)
    view = {"layer": 0}
    if len(names) > 1:
        about = "Each layer reads the hidden states of the one before; layer 1 reads the data."
        if model.bidirectional:
            about += " → reads from the beginning, ← from the end."
        rows = dict(enumerate(names))
        view["layer"] = choice(settings, "Layer", View, "layer", rows, about)
    units = {"active": "32 most active", "all": "all"}
    return view | {"units": choice(settings, "Units", View, "units", units)}


def row_names(model: ModelConfig) -> list[str]:
    """What each layer, or each direction of each layer, is called, in the order of `View.layer`."""
    directions = [" →", " ←"] if model.bidirectional else [""]
    return [f"{layer + 1}{direction}" for layer in range(model.num_layers) for direction in directions]


def number_in_range(
    widget: Any,
    settings: Settings,
    label: str,
    config: type[Checked],
    name: str,
    step: float | None = None,
    high: float | None = None,
    **options: Any,
) -> Any:
    """The value of field `name`, from a Streamlit slider or number input over its range; options: of that."""
    spec = limits(config, name)
    key = settings.widget_key(config, name)
    high = spec["high"] if high is None else high
    value = widget(label, spec["low"], high, step=step, key=key, help=spec["about"], **options)
    return settings.keep(config, name, value)


def size_slider(settings: Settings, label: str, config: type[Checked], name: str, steps: list[int]) -> int:
    """A slider over sizes that matter by their ratio. A link may hold any size between the steps."""
    key = settings.widget_key(config, name)
    linked = value_beyond(key, st.session_state[key] not in steps)
    sizes = steps if linked is None else sorted({*steps, linked})
    value = st.select_slider(label, sizes, key=key, help=limits(config, name)["about"])
    return settings.keep(config, name, value)


def value_beyond(key: str, beyond: bool) -> Any:
    """The last value of the widget `key` that a link or a run brought from beyond what the widget offers
    (`beyond`: its value now is one), so that it is offered from then on; None if there was none.
    """
    if beyond:
        st.session_state[f"linked_{key}"] = st.session_state[key]
    return st.session_state.get(f"linked_{key}")
