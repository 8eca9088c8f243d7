"""Sidebar widgets for the network and its training that ask for a new network."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import Checked, ModelConfig, TrainConfig, View, limits
from pages.panels.settings import Settings

SIZES = [4, 8, 16, 32, 48, 64, 96, 128, 192, 256]
LENGTHS = [4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256]


def controls(settings: Settings) -> tuple[ModelConfig, TrainConfig]:
    """Hidden units, layers and sequence length; forget bias and seed in a fold."""
    left, right = st.columns(2)
    with left:
        hidden_size = _size(settings, "Hidden units", ModelConfig, "hidden_size", SIZES)
    with right:
        num_layers = _number(st.slider, settings, "Layers", ModelConfig, "num_layers")
    sequence_length = _size(settings, "Sequence length", TrainConfig, "sequence_length", LENGTHS)
    with st.expander("Initial weights"):
        forget_bias = _number(st.slider, settings, "Forget bias", ModelConfig, "forget_bias", step=0.5)
        seed = _number(st.number_input, settings, "Seed", TrainConfig, "seed")
    model = ModelConfig(hidden_size=hidden_size, num_layers=num_layers, forget_bias=forget_bias)
    return model, TrainConfig(sequence_length=sequence_length, seed=seed)


def view_controls(settings: Settings, num_layers: int) -> dict[str, Any]:
    """Which layer and which units the heatmaps show; as fields of a `View`."""
    view = {"layer": 0}
    if num_layers > 1:
        layers = list(range(num_layers))
        key = settings.widget_key(View, "layer")
        if st.session_state[key] not in layers:
            st.session_state[key] = 0
        layer = st.segmented_control(
            "Layer shown",
            layers,
            format_func=lambda layer: f"{layer + 1}",
            required=True,
            key=key,
            width="stretch",
            help="Each layer reads the hidden states of the one before; layer 1 reads the data.",
        )
        view["layer"] = settings.keep(View, "layer", layer)
    units = st.segmented_control(
        "Units shown",
        limits(View, "units")["choices"],
        format_func={"active": "32 most active", "all": "all"}.__getitem__,
        required=True,
        key=settings.widget_key(View, "units"),
        width="stretch",
        help=limits(View, "units")["about"],
    )
    return view | {"units": settings.keep(View, "units", units)}


def _number(
    widget: Any, settings: Settings, label: str, config: type[Checked], name: str, step: float | None = None
) -> Any:
    spec = limits(config, name)
    key = settings.widget_key(config, name)
    value = widget(label, spec["low"], spec["high"], step=step, key=key, help=spec["about"])
    return settings.keep(config, name, value)


def _size(settings: Settings, label: str, config: type[Checked], name: str, steps: list[int]) -> int:
    """A slider over sizes that matter by their ratio. A link may hold any size between the steps."""
    key = settings.widget_key(config, name)
    linked = st.session_state.setdefault(f"linked_{key}", st.session_state[key])
    value = st.select_slider(label, sorted({*steps, linked}), key=key, help=limits(config, name)["about"])
    return settings.keep(config, name, value)
