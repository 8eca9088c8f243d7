"""The Compare page: two networks that differ in exactly one setting, step by step side by side."""

from dataclasses import replace
from typing import Any

import streamlit as st

from lstm_core.config import Knobs, TextConfig, View
from lstm_core.experiments.pair.config import PairConfig, shared_signals
from lstm_core.experiments.pair.differences import DIFFERENCES
from pages.common.colours import NAMES
from pages.common.markdown import escape_markdown
from pages.panels.compare.compare_sides import base_of, following, sides
from pages.panels.controls.inline import choice
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import describe, run_for, run_settings
from pages.screens.compare import screen

settings = run_settings("compare")
setup, live, watch = (st.sidebar.container(gap="xsmall") for _ in range(3))

# --- what asks for new networks ---
with setup:
    st.caption("COMPARE · starts two new networks")
    base = base_of(settings)
    like = st.empty()
    parts, left_knob = sides(settings, base)
differs = parts["differs"]

# --- which signal the heatmaps show: one that both cells have ---
cell = parts["model"].cell
signals = shared_signals(cell, parts["value"] if differs == "model.cell" else cell)
with watch:
    signal = following(settings, View, "signal", signals[0])
    if len(signals) > 1:
        about = ", ".join(f"{name}: {NAMES[name][0]}" for name in signals)
        symbols = {name: name for name in signals}
        signal = choice(settings, "Heatmaps", View, "signal", symbols, f"What the heatmaps show. {about}.")
    signal = signal if signal in signals else signals[0]

# --- the run ---
with setup:
    view = replace(parts.pop("view"), signal=signal)
    token, config = run_for(settings, PairConfig, view=view, **parts)
    like.caption(escape_markdown(f"{describe(config.left)}."))
differs, series = config.differs, config.left.kind == "series"

# --- what acts at once ---
with live:
    st.caption("LIVE · acts on both while you drag")
    scales: dict[str, dict[str, Any]] = {
        "learning_rate": {"scale": "log", "high": 0.3},
        "batch_size": {"scale": "log"},
        "clip": {"scale": "log"},
        "noise": {"decimals": 2, "high": 1.0 if series else 0.5},
        "reach": {"scale": "log"},
    }
    knob = differs.removeprefix("knobs.")
    if knob in scales:
        with left_knob:
            label = f"Left: {DIFFERENCES[differs].label.lower()}"
            settings.slider(label, Knobs, knob, token, **scales[knob])
    samples = any(isinstance(run.task, TextConfig) and run.task.goal == "next" for run in config.sides)
    one, two = st.columns(2)
    knobs = [name for name in ("learning_rate", "batch_size") if name != knob]
    with one:
        settings.slider(DIFFERENCES[f"knobs.{knobs[0]}"].label, Knobs, knobs[0], token, **scales[knobs[0]])
    with two:
        if series:
            settings.slider("Stretch shown", View, "probe_start", token, decimals=2)
        elif samples:
            settings.slider("Temperature", View, "temperature", token, decimals=2)
    if samples:
        settings.text("Prompt", "prompt", token, about="What both go on from. Type: the samples follow.")

# --- the page ---
if transport_bar(token, settings, "compare"):
    st.rerun()
screen(token, config, settings)
