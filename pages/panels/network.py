"""Sidebar widgets for the network and its training that ask for a new network."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import ModelConfig, TrainConfig, View, limits
from pages.panels.settings import Settings

SIZES = [4, 8, 16, 32, 48, 64, 96, 128, 192, 256]
LENGTHS = [4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256]


def controls(settings: Settings) -> tuple[ModelConfig, TrainConfig]:
    """Hidden units, layers and sequence length; forget bias and seed in a fold."""
    settings.linked(ModelConfig, "num_layers", "forget_bias")
    settings.linked(TrainConfig, "seed")
    left, right = st.columns(2)
    with left:
        hidden_size = _size(settings, "Hidden units", ModelConfig, "hidden_size", SIZES)
    with right:
        num_layers = st.slider(
            "Layers",
            limits(ModelConfig, "num_layers")["low"],
            limits(ModelConfig, "num_layers")["high"],
            settings.default(ModelConfig, "num_layers"),
            key=settings.key("num_layers"),
            bind="query-params",
            help=limits(ModelConfig, "num_layers")["about"],
        )
    sequence_length = _size(settings, "Sequence length", TrainConfig, "sequence_length", LENGTHS)
    with st.expander("Initial weights"):
        forget_bias = st.slider(
            "Forget bias",
            limits(ModelConfig, "forget_bias")["low"],
            limits(ModelConfig, "forget_bias")["high"],
            settings.default(ModelConfig, "forget_bias"),
            step=0.5,
            key=settings.key("forget_bias"),
            bind="query-params",
            help=limits(ModelConfig, "forget_bias")["about"],
        )
        seed = st.number_input(
            "Seed",
            limits(TrainConfig, "seed")["low"],
            limits(TrainConfig, "seed")["high"],
            settings.default(TrainConfig, "seed"),
            key=settings.key("seed"),
            bind="query-params",
            help=limits(TrainConfig, "seed")["about"],
        )
    model = ModelConfig(hidden_size=hidden_size, num_layers=num_layers, forget_bias=forget_bias)
    return model, TrainConfig(sequence_length=sequence_length, seed=int(seed))


def view_controls(settings: Settings, num_layers: int) -> dict[str, object]:
    """Which layer and which units the heatmaps show; as fields of a `View`."""
    settings.linked(View, "units")
    layer = 1
    if num_layers > 1:
        layer = st.segmented_control(
            "Layer shown",
            list(range(1, num_layers + 1)),
            default=1,
            required=True,
            key=settings.key("layer_shown"),
            bind="query-params",
            width="stretch",
            help=limits(View, "layer")["about"],
        )
    units = st.segmented_control(
        "Units shown",
        ["active", "all"],
        format_func={"active": "32 most active", "all": "all"}.__getitem__,
        default="active",
        required=True,
        key=settings.key("units"),
        bind="query-params",
        width="stretch",
        help=limits(View, "units")["about"],
    )
    return {"layer": (layer or 1) - 1, "units": units}


def _size(settings: Settings, label: str, config: type, name: str, steps: list[int]) -> int:
    """A slider over sizes that matter by their ratio. A link may hold any size between the steps."""
    return st.select_slider(
        label,
        sorted({*steps, *settings.linked(config, name)}),
        settings.default(config, name),
        key=settings.key(name),
        bind="query-params",
        help=limits(config, name)["about"],
    )
