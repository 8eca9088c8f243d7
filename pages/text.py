"""The Text page: a network learns to continue a text."""

import streamlit as st

from lstm_core.config import CORPORA, Knobs, TextConfig, View
from lstm_core.tasks.corpora import CORPUS_ABOUT, CORPUS_NAMES
from pages.panels import network, own_data
from pages.panels.heading import heading
from pages.panels.heatmaps import cell_state, gates
from pages.panels.loss import loss_chart
from pages.panels.run import data_notes, last_task, live_knobs, live_view, run_for
from pages.panels.settings import Settings
from pages.panels.transport import transport_bar
from pages.panels.writing import growth, next_token, writing

settings = Settings("text")
data, live, watch = (st.sidebar.container(gap="xsmall") for _ in range(3))

# --- what asks for a new network ---
with data:
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
with watch:
    shown = network.view_controls(settings, model.num_layers)

# --- the run ---
view = View(**live_view(settings), **shown)
task = TextConfig(corpus, level, text)
with data:
    if corpus == "own" and not text:
        task = last_task(settings.page, TextConfig(level=level))
        st.info(f"Paste a text or upload a file. Until then the network learns {CORPUS_NAMES[task.corpus]}.")
    run = run_for(settings.page, task, model, train, live_knobs(settings), view)
    settings.show_notes()
    if run is None:
        st.stop()
    token, config = run
    data_notes(config, text_note)
words = isinstance(config.task, TextConfig) and config.task.level == "words"

# --- what acts at once ---
with live:
    st.caption("LIVE · acts while you drag")
    one, two = st.columns(2)
    with one, st.container(gap="xxsmall"):
        settings.slider("Learning rate", Knobs, "learning_rate", token, scale="log", high=0.3)
        settings.slider("Batch size", Knobs, "batch_size", token, scale="log")
        settings.slider("Gradient clip", Knobs, "clip", token, scale="log")
    with two, st.container(gap="xxsmall"):
        settings.slider("Temperature", View, "temperature", token, decimals=2)
        settings.slider("Top-k (0: all)", View, "top_k", token)
        settings.slider("Noise", Knobs, "noise", token, decimals=2, high=0.5)

# --- the page ---
if transport_bar(token, settings):
    st.rerun()
left, right = st.columns([5, 4], gap="medium")
with left, st.container(gap="xxsmall"):
    heading("Cell state c", "what each unit remembers as it reads", "c")
    cell_state(token, key="text_cell", height=296, words=words)
    gates(token, key="text_gates", height=228)
    settings.text(
        "Watch it read",
        "probe",
        token,
        about="The text on which the heatmaps show the network. Type your own, up to 128 tokens.",
    )
with right, st.container(gap="xxsmall"):
    heading("What it writes now", "goes on from the prompt")
    settings.text(
        "Prompt",
        "prompt",
        token,
        about="What the network continues. Type: the next token and the sample follow.",
    )
    writing(token, key="text_sample", height=160)
    heading("How its writing grew", "samples from earlier steps")
    growth(token, key="text_growth", height=140)
    loss_column, next_column = st.columns([4, 3], gap="small")
    with loss_column, st.container(gap="xxsmall"):
        heading("Loss", "lower is better")
        loss_chart(token, key="text_loss", height=172, nats=True)
    with next_column, st.container(gap="xxsmall"):
        heading("Next token", "raw", tooltip="After the prompt, before temperature and top-k.")
        next_token(token, key="text_next", height=172)
