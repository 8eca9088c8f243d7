"""The Hands on page: gates are held by hand, units switched off, beside the same network as learned."""

import streamlit as st

from pages.panels import held
from pages.panels.hands import hands_controls, suggestions
from pages.panels.heading import heading
from pages.panels.run import shown_run
from pages.panels.transport import transport_bar

shown = shown_run()
settings, token = shown.settings, shown.token

with shown.sidebar:
    st.caption("HANDS · act while you drag")
    hands_controls(token, key="hands_controls", height=368)

if transport_bar(token, settings):
    st.rerun()
tries, prompt = st.columns([4, 1], gap="small") if not shown.series else (st.container(), None)
with tries:
    suggestions(token, key="hands_tries")
if prompt:
    with prompt, st.container(key="hands_prompt"):
        settings.text(
            "Prompt", "prompt", token, about="What the network continues on both sides. Type: they follow."
        )
for column, hands_on, side in zip(st.columns(2, gap="medium"), (False, True), ("free", "held"), strict=True):
    with column, st.container(gap="xxsmall"):
        held.verdict(token, key=f"hands_verdict_{side}", held=hands_on)
        if shown.series:
            held.forecast(token, key=f"hands_forecast_{side}", height=174, held=hands_on)
        else:
            heading("What it writes", "the same prompt, the same dice; the next token")
            text, token_column = st.columns([3, 2], gap="small")
            with text:
                held.sample(token, key=f"hands_sample_{side}", height=150, held=hands_on)
            with token_column:
                held.next_token(token, key=f"hands_next_{side}", height=150, held=hands_on)
        heading("Cell state c", "what each unit remembers as it reads", "c")
        held.cell_state(
            token,
            key=f"hands_cell_{side}",
            height=190,
            held=hands_on,
            words=shown.words,
        )
        held.gates(token, key=f"hands_gates_{side}", height=120, held=hands_on)
