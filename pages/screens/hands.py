"""Screen of the Hands on page: the network as learned, and beside it the same one under the hands."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import RunConfig, TextConfig
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.hands_on import held
from pages.panels.hands_on.hands import suggestions
from pages.panels.heatmaps.reading import memory_heading
from pages.screens.boxes import text_box


def screen(token: str, config: RunConfig, settings: Settings | None = None) -> None:
    """Both sides. settings: of the page whose run it is; None: view-only."""
    cell, series = config.model.cell, config.kind == "series"
    gaps = isinstance(config.task, TextConfig) and config.task.goal == "gaps"
    tries, typed = st.columns([4, 1], gap="small") if not series else (st.container(), None)
    with tries:
        suggestions(token, cell, key="hands_tries")
    if typed:
        with typed, st.container(key="hands_prompt"):
            if gaps:
                about = "What both sides read, and fill the gaps of. Type your own."
                text_box(settings, "Text", "probe", token, about=about)
            else:
                about = "What the network continues on both sides. Type: they follow."
                text_box(settings, "Prompt", "prompt", token, about=about)
    columns = st.columns(2, gap="medium")
    for column, hands_on, side in zip(columns, (False, True), ("free", "held"), strict=True):
        with column, st.container(gap="xxsmall"):
            held.verdict(token, key=f"hands_verdict_{side}", held=hands_on)
            if series:
                held.forecast(token, key=f"hands_forecast_{side}", height=174, held=hands_on)
            else:
                _words(token, gaps, side, hands_on)
            memory_heading(config)
            held.memory_and_gates(
                token,
                cell,
                key=f"hands_{side}",
                heights=(190, 120),
                held=hands_on,
                words=config.words,
            )


def _words(token: str, gaps: bool, side: str, hands_on: bool) -> None:
    """What one side writes, or how it fills gaps."""
    if gaps:
        heading("How it fills the gaps", "✓ right, ✗ wrong; the likeliest in the chosen gap")
    else:
        heading("What it writes", "the same prompt, the same dice; the next token")
    text, token_column = st.columns([3, 2], gap="small")
    with text:
        held.text(token, key=f"hands_text_{side}", height=150, held=hands_on, gaps=gaps)
    with token_column:
        held.likeliest(token, key=f"hands_next_{side}", height=150, held=hands_on, gaps=gaps)
