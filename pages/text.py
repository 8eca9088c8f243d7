"""The Text page: a network learns to continue a text, or to fill the gaps in it."""

from dataclasses import replace

import streamlit as st

from lstm_core.config import CORPORA, Knobs, RunConfig, TextConfig, View
from lstm_core.tasks.corpora import CORPUS_ABOUT, CORPUS_NAMES
from pages.panels.controls import network, own_data
from pages.panels.controls.inline import choice
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
from pages.screens.text import screen

GOALS = {"next": "say what comes next", "gaps": "fill gaps"}
GOALS_ABOUT = (
    "Fill gaps: some tokens are left out, and it learns to say which. Only then may a network read from both "
    "sides. One that says what comes next would have seen what it should predict, and nothing yet stands to "
    "the right of what it writes itself."
)

settings = run_settings("text")
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
    goal = st.segmented_control(
        "It learns to",
        list(GOALS),
        format_func=GOALS.__getitem__,
        required=True,
        key=settings.widget_key(TextConfig, "goal"),
        width="stretch",
        help=GOALS_ABOUT,
    )
    goal = settings.keep(TextConfig, "goal", goal)
    about = "What it reads and says at each step. Words: as on a phone's keyboard."
    levels = {"characters": "character", "words": "word"}
    level = choice(settings, "Token", TextConfig, "level", levels, about)
    model, train = network.controls(settings, gaps=goal == "gaps")
with watch:
    shown = network.view_controls(settings, model)

# --- the run ---
task = TextConfig(corpus, level, text=text, goal=goal)
with data:
    if corpus == "own" and not text:
        task = replace(last_task(settings, TextConfig(level=level)), goal=goal)
        st.info(f"Paste a text or upload a file. {until_then(task)}")
    before = last_task(settings, task)
    if (before.corpus, before.text) != (task.corpus, task.text):
        settings.forget_typed()
    view = View(**live_view(settings), **shown)
    token, config = run_for(settings, RunConfig, task, model, train, live_knobs(settings), view)
    data_notes(config, text_note)
assert isinstance(config.task, TextConfig)
gaps = config.task.goal == "gaps"

# --- what acts at once ---
with live:
    st.caption("LIVE · acts while you drag")
    one, two = st.columns(2)
    with one, st.container(gap="xxsmall"):
        settings.slider("Learning rate", Knobs, "learning_rate", token, scale="log", high=0.3)
        settings.slider("Batch size", Knobs, "batch_size", token, scale="log")
        if not gaps:
            settings.slider("Gradient clip", Knobs, "clip", token, scale="log")
    with two, st.container(gap="xxsmall"):
        if gaps:
            settings.slider("Gradient clip", Knobs, "clip", token, scale="log")
        else:
            settings.slider("Temperature", View, "temperature", token, decimals=2)
            settings.slider("Top-k (0: all)", View, "top_k", token)
        settings.slider("Noise", Knobs, "noise", token, decimals=2, high=0.5)

# --- the page ---
if transport_bar(token, settings, "text"):
    st.rerun()
screen(token, config, settings)
