"""The Series page: a network learns to continue a series, and forecasts it."""

import streamlit as st

from lstm_core.config import SERIES, Knobs, RunConfig, SeriesConfig, View
from lstm_core.tasks.series import SERIES_ABOUT, SERIES_NAMES
from pages.panels import network, own_data, waveform
from pages.panels.forecast import errors, forecast_chart
from pages.panels.heading import heading
from pages.panels.heatmaps import cell_state, gates
from pages.panels.loss import loss_chart
from pages.panels.plain import plain
from pages.panels.run import data_notes, follow_view, last_task, run_for
from pages.panels.settings import Settings
from pages.panels.transport import transport_bar

settings = Settings("series", {"hidden_size": 32, "sequence_length": 48, "learning_rate": 5e-3})

# --- what asks for a new network ---
with st.sidebar, st.container(gap="xsmall"):
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

# --- the run ---
knobs = Knobs(**{name: settings.stored(Knobs, name) for name in vars(Knobs())})
view = View(probe_start=settings.stored(View, "probe_start"))
if kind == "own" and not task.values:
    st.info("Upload a CSV file in the sidebar. Until then the network goes on with what it has.")
    task = last_task(settings.page, SeriesConfig())
run = run_for(settings.page, RunConfig(task, model, train, knobs, view))
if run is None:
    st.stop()
token, config = run

# --- what acts at once ---
with st.sidebar, st.container(gap="xxsmall"):
    data_notes(config, *table_notes)
    st.caption("LIVE · acts while you drag")
    settings.slider("Learning rate", Knobs, "learning_rate", knobs.learning_rate, token, scale="log")
    settings.slider("Noise", Knobs, "noise", knobs.noise, token, decimals=2)
    settings.slider("Batch size", Knobs, "batch_size", knobs.batch_size, token, scale="log")
    settings.slider("Gradient clip", Knobs, "clip", knobs.clip, token, scale="log")
    settings.slider("Stretch shown", View, "probe_start", view.probe_start, token, decimals=2)
    st.caption("WATCH")
    shown = network.view_controls(settings, config.model.num_layers)
    follow_view(settings.page, token, **shown)
for note in settings.notes:
    st.warning(plain(note))

# --- the page ---
if transport_bar(token, key="series_transport", settings=settings, speed=knobs.steps_per_second):
    st.rerun()
left, right = st.columns([5, 4], gap="medium")
with left, st.container(gap="xxsmall"):
    heading("Cell state c", "what each unit remembers as it reads", "c")
    cell_state(token, key="series_cell", height=344, series=True)
    gates(token, key="series_gates", height=228)
with right, st.container(gap="xxsmall"):
    heading("What it forecasts now", "from where it was last told the truth")
    forecast_chart(token, key="series_forecast", height=306)
    heading("Typical error", "on values that are never trained on")
    errors(token, key="series_errors", height=58)
    heading("Loss", "squared error where the series has variance 1; lower is better")
    loss_chart(token, key="series_loss", height=178, unit="squared error")
