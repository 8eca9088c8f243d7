"""The Series page: a network learns to continue a series, and forecasts it."""

import streamlit as st

from lstm_core.config import SERIES, Knobs, RunConfig, SeriesConfig, View
from lstm_core.tasks.series import SERIES_ABOUT, SERIES_NAMES
from pages.panels.controls import network, own_data, waveform
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import (
    data_notes,
    last_task,
    live_knobs,
    live_view,
    run_for,
    run_settings,
    until_then,
)
from pages.screens.series import screen

settings = run_settings("series")
data, live, watch = (st.sidebar.container(gap="xsmall") for _ in range(3))

# --- what asks for a new network ---
with data:
    st.caption("DATA · starts a new network")
    kind = st.selectbox(
        "Series",
        SERIES,
        format_func=SERIES_NAMES.__getitem__,
        key=settings.widget_key(SeriesConfig, "kind"),
        help="\n\n".join(f"**{SERIES_NAMES[name]}**: {SERIES_ABOUT[name]}" for name in SERIES),
    )
    settings.keep(SeriesConfig, "kind", kind)
    task = waveform.controls(settings, kind)
    table_notes: tuple[str, ...] = ()
    if kind == "own":
        column, values, table_notes = own_data.series()
        task = SeriesConfig(kind, column=column, values=values)
    model, train = network.controls(settings)
with watch:
    shown = network.view_controls(settings, model)

# --- the run ---
view = View(**live_view(settings), **shown)
with data:
    if kind == "own" and not task.values:
        task = last_task(settings, SeriesConfig())
        st.info(f"Upload a CSV file. {until_then(task)}")
    token, config = run_for(settings, RunConfig, task, model, train, live_knobs(settings), view)
    data_notes(config, *table_notes)

# --- what acts at once ---
with live:
    st.caption("LIVE · acts while you drag")
    one, two = st.columns(2)
    with one, st.container(gap="xxsmall"):
        settings.slider("Learning rate", Knobs, "learning_rate", token, scale="log", high=0.3)
        settings.slider("Batch size", Knobs, "batch_size", token, scale="log")
        settings.slider("Stretch shown", View, "probe_start", token, decimals=2)
    with two, st.container(gap="xxsmall"):
        settings.slider("Noise", Knobs, "noise", token, decimals=2)
        settings.slider("Gradient clip", Knobs, "clip", token, scale="log")

# --- the page ---
if transport_bar(token, settings, "series"):
    st.rerun()
screen(token, config, settings)
