"""The Text page: a network learns to continue a text."""

import streamlit as st

from lstm_core.config import CORPORA, Knobs, RunConfig, TextConfig, View
from lstm_core.tasks.corpora import CORPUS_ABOUT, CORPUS_NAMES
from pages.panels import network, own_data
from pages.panels.heading import heading
from pages.panels.heatmaps import cell_state, gates
from pages.panels.loss import loss_chart
from pages.panels.plain import plain
from pages.panels.run import data_notes, follow_view, last_task, run_for
from pages.panels.settings import Settings
from pages.panels.transport import transport_bar
from pages.panels.writing import growth, next_token, writing

settings = Settings("text")

# --- what asks for a new network ---
with st.sidebar, st.container(gap="xsmall"):
    st.caption("DATA · starts a new network")
    corpus = st.selectbox(
        "Text",
        CORPORA,
        format_func=CORPUS_NAMES.__getitem__,
        key=settings.widget_key(TextConfig, "corpus"),
        help="\n\n".join(f"**{CORPUS_NAMES[name]}**: {CORPUS_ABOUT[name]}" for name in CORPORA),
    )
    settings.keep(TextConfig, "corpus", corpus)
    text, text_note = own_data.text() if corpus == "own" else ("", "")
    level = st.segmented_control(
        "One token is a",
        ["characters", "words"],
        format_func={"characters": "character", "words": "word"}.__getitem__,
        required=True,
        key=settings.widget_key(TextConfig, "level"),
        width="stretch",
        help="Words: next-word prediction, as on a phone's keyboard.",
    )
    level = settings.keep(TextConfig, "level", level)
    model, train = network.controls(settings)

# --- the run ---
knobs = Knobs(**{name: settings.stored(Knobs, name) for name in vars(Knobs())})
view = View(**{name: settings.stored(View, name) for name in ("probe", "prompt", "temperature", "top_k")})
task = TextConfig(corpus, level, text)
if corpus == "own" and not text:
    st.info("Paste a text or upload a file in the sidebar. Until then the network goes on with what it has.")
    task = last_task(settings.page, TextConfig(level=task.level))
run = run_for(settings.page, RunConfig(task, model, train, knobs, view))
if run is None:
    st.stop()
token, config = run
words = isinstance(config.task, TextConfig) and config.task.level == "words"

# --- what acts at once ---
with st.sidebar, st.container(gap="xxsmall"):
    data_notes(config, text_note)
    st.caption("LIVE · acts while you drag")
    settings.slider("Learning rate", Knobs, "learning_rate", knobs.learning_rate, token, scale="log")
    settings.slider("Temperature", View, "temperature", view.temperature, token, decimals=2)
    settings.slider("Batch size", Knobs, "batch_size", knobs.batch_size, token, scale="log")
    settings.slider("Noise", Knobs, "noise", knobs.noise, token, decimals=2, high=0.5)
    settings.slider("Gradient clip", Knobs, "clip", knobs.clip, token, scale="log")
    settings.slider("Top-k (0: all)", View, "top_k", view.top_k, token)
    st.caption("WATCH")
    shown = network.view_controls(settings, config.model.num_layers)
    follow_view(settings.page, token, **shown)
for note in settings.notes:
    st.warning(plain(note))

# --- the page ---
if transport_bar(token, key="text_transport", settings=settings, speed=knobs.steps_per_second):
    st.rerun()
left, right = st.columns([5, 4], gap="medium")
with left, st.container(gap="xxsmall"):
    heading("Cell state c", "what each unit remembers as it reads", "c")
    cell_state(token, key="text_cell", height=296, words=words)
    gates(token, key="text_gates", height=228)
    settings.text(
        "Watch it read",
        "probe",
        view.probe,
        token,
        about="The text on which the heatmaps show the network. Type your own, up to 128 tokens.",
    )
with right, st.container(gap="xxsmall"):
    heading("What it writes now", "goes on from the prompt")
    settings.text(
        "Prompt",
        "prompt",
        view.prompt,
        token,
        about="What the network continues. Type: the next token and the sample follow.",
    )
    writing(token, key="text_sample", height=160)
    heading("How its writing grew", "samples from earlier steps")
    growth(token, key="text_growth", height=140)
    loss_column, next_column = st.columns([4, 3], gap="small")
    with loss_column, st.container(gap="xxsmall"):
        heading("Loss", "lower is better")
        loss_chart(token, key="text_loss", height=172, unit="nats")
    with next_column, st.container(gap="xxsmall"):
        heading("Next token", "now")
        next_token(token, key="text_next", height=172)
