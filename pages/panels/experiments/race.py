"""The race of RNN, GRU and LSTM: its settings in the sidebar, and its lanes' colours and table."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import Knobs, MemoryConfig, TrainConfig
from lstm_core.config.fields import limits
from lstm_core.experiments.race.config import LANES, RaceConfig
from lstm_core.tasks.memory import MEMORY_ABOUT, MEMORY_NAMES
from pages.live.client.component import mount
from pages.panels.controls.inline import choice
from pages.panels.controls.network import number_in_range, size_slider
from pages.panels.controls.settings import Settings
from pages.panels.runs.run import live_knobs, run_settings

SIZES = [4, 8, 12, 16, 24, 32, 48, 64, 96]
SHORT_NAMES = {"recall": "Recall", "adding": "Add", "counting": "Count"}
START = ("hidden_size", "forget_bias", "chrono", "init")  # what the networks begin with
# One colour per kind of cell, from Okabe & Ito's set, each [light, dark]. The two LSTMs are of one kind.
COLOURS = {
    "rnn": ["#E69F00", "#E69F00"],  # orange
    "gru": ["#CC79A7", "#CC79A7"],  # reddish purple
    "lstm": ["#0072B2", "#3FA0E0"],  # blue
    "lstm0": ["#56B4E9", "#A9DCF7"],  # sky blue
}
# Lines that coincide lie inside each other, the widest one below; the two LSTMs take turns along one line.
STYLES: dict[str, dict[str, Any]] = {
    "rnn": {"width": 8, "dash": "solid"},
    "gru": {"width": 5, "dash": "solid"},
    "lstm": {"width": 2.25, "dash": "solid"},
    "lstm0": {"width": 2.25, "dash": "5px,5px"},
}


def race_settings() -> Settings:
    """Those of the Memory page; the BPTT page shows the same run."""
    return run_settings("memory", vars(RaceConfig().knobs))


def stored_fields(settings: Settings) -> dict[str, Any]:
    """What makes a RaceConfig, as it stands in the address or was left on the Memory page."""
    fields = {name: settings.stored(RaceConfig, name) for name in (*LANES, *START)}
    task = MemoryConfig(settings.stored(MemoryConfig, "kind"))
    train = TrainConfig(seed=settings.stored(TrainConfig, "seed"))
    return {**fields, "task": task, "train": train, "knobs": live_knobs(settings)}


def controls(settings: Settings) -> dict[str, Any]:
    """The same, with a widget in the sidebar for each setting that asks for new networks."""
    about = "\n\n".join(f"**{name}**: {MEMORY_ABOUT[kind]}" for kind, name in MEMORY_NAMES.items())
    choice(settings, "Task", MemoryConfig, "kind", SHORT_NAMES, about)
    left, right = st.columns([3, 4], gap="small")
    for place, (lane, name) in enumerate(LANES.items()):
        with (left, right)[place // 2]:
            key = settings.widget_key(RaceConfig, lane)
            chosen = st.checkbox(name, key=key, help=limits(RaceConfig, lane)["about"])
            settings.keep(RaceConfig, lane, chosen)
    left, right = st.columns(2, gap="small")
    with left:
        size_slider(settings, "LSTM units", RaceConfig, "hidden_size", SIZES)
    with right:
        number_in_range(st.number_input, settings, "Seed", TrainConfig, "seed")
    left, right = st.columns(2, gap="small", vertical_alignment="center")
    with right:
        key = settings.widget_key(RaceConfig, "chrono")
        chrono = st.toggle("Chrono", key=key, help=limits(RaceConfig, "chrono")["about"])
        settings.keep(RaceConfig, "chrono", chrono)
    with left:
        number_in_range(st.slider, settings, "Forget bias", RaceConfig, "forget_bias", 0.5, disabled=chrono)
    names = {"uniform": "uniform", "orthogonal": "orthogonal"}
    choice(settings, "Init", RaceConfig, "init", names)
    return stored_fields(settings)


def live_sliders(settings: Settings, token: str) -> None:
    """Lag, truncation, learning rate and batch size: they act while they are dragged."""
    st.caption("LIVE · acts while you drag")
    one, two = st.columns(2)
    with one, st.container(gap="xxsmall"):
        settings.slider("Lag", Knobs, "lag", token)
        settings.slider("Truncation", Knobs, "reach", token, scale="log")
    with two, st.container(gap="xxsmall"):
        settings.slider("Learning rate", Knobs, "learning_rate", token, scale="log", high=0.3)
        settings.slider("Batch size", Knobs, "batch_size", token, scale="log")


def lanes_table(token: str, *, key: str, height: int, note: bool = True) -> None:
    """Every network's line, size and time of a step, and since when it has been right in 95 %.

    note: whether it says below in what the two LSTMs differ.
    """
    looks = {"colours": COLOURS, "lines": STYLES}
    mount("lanes.js", key=key, token=token, height=height, stretch=True, note=note, **looks)
