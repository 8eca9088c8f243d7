"""The Hands on page: gates are held by hand, units switched off, beside the same network as learned."""

import streamlit as st

from lstm_core.config import TextConfig
from pages.panels import held
from pages.panels.hands import hands_controls, suggestions
from pages.panels.heading import heading
from pages.panels.reading import memory_heading
from pages.panels.run import shown_run
from pages.panels.transport import transport_bar

shown = shown_run()
settings, token = shown.settings, shown.token
cell, task = shown.cell, shown.config.task
gaps = isinstance(task, TextConfig) and task.goal == "gaps"

with shown.sidebar:
    st.caption("HANDS · act while you drag")
    hands_controls(token, cell, key="hands_controls", height=368)

if transport_bar(token, settings):
    st.rerun()
tries, typed = st.columns([4, 1], gap="small") if not shown.series else (st.container(), None)
with tries:
    suggestions(token, cell, key="hands_tries")
if typed:
    with typed, st.container(key="hands_prompt"):
        if gaps:
            about = "What both sides read, and fill the gaps of. Type your own."
            settings.text("Text", "probe", token, about=about)
        else:
            about = "What the network continues on both sides. Type: they follow."
            settings.text("Prompt", "prompt", token, about=about)
for column, hands_on, side in zip(st.columns(2, gap="medium"), (False, True), ("free", "held"), strict=True):
    with column, st.container(gap="xxsmall"):
        held.verdict(token, key=f"hands_verdict_{side}", held=hands_on)
        if shown.series:
            held.forecast(token, key=f"hands_forecast_{side}", height=174, held=hands_on)
        else:
            if gaps:
                heading("How it fills the gaps", "✓ right, ✗ wrong; the likeliest in the chosen gap")
            else:
                heading("What it writes", "the same prompt, the same dice; the next token")
            text, token_column = st.columns([3, 2], gap="small")
            with text:
                held.text(token, key=f"hands_text_{side}", height=150, held=hands_on, gaps=gaps)
            with token_column:
                held.likeliest(token, key=f"hands_next_{side}", height=150, held=hands_on, gaps=gaps)
        memory_heading(shown.config)
        held.memory_and_gates(
            token,
            cell,
            key=f"hands_{side}",
            heights=(190, 120),
            held=hands_on,
            words=shown.words,
        )
