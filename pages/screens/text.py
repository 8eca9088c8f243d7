"""Screen of the Text page: memory and gates while it reads, what it writes or fills, and its loss."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import RunConfig, TextConfig
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.heatmaps.reading import memory_and_gates, memory_heading
from pages.panels.output.filling import filling, filling_grew, likeliest
from pages.panels.output.loss import loss_chart
from pages.panels.output.writing import growth, next_token, writing
from pages.screens.boxes import text_box


def screen(token: str, config: RunConfig, settings: Settings | None = None) -> None:
    """What a text network does now. settings: of the page whose run it is; None: view-only."""
    assert isinstance(config.task, TextConfig)
    words, gaps = config.task.level == "words", config.task.goal == "gaps"
    left, right = st.columns([5, 4], gap="medium")
    with left, st.container(gap="xxsmall"):
        memory_heading(config)
        memory_and_gates(token, config.model.cell, key="text", heights=(296, 228), lines=True, words=words)
        text_box(
            settings,
            "Watch it read",
            "probe",
            token,
            about="The text on which the heatmaps show the network. Type your own, up to 128 tokens.",
        )
    with right, st.container(gap="xxsmall"):
        if gaps:
            heading("How it fills gaps now", "✓ right, ✗ wrong; hover for the truth")
            filling(token, key="text_filling", height=216)
            heading("How its filling grew", "at earlier steps")
            filling_grew(token, key="text_filling_grew", height=140)
        else:
            heading("What it writes now", "goes on from the prompt")
            text_box(
                settings,
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
            if gaps:
                heading("Likeliest", "in this gap", tooltip="Click a gap, or a step of a heatmap.")
                likeliest(token, key="text_likeliest", height=172)
            else:
                heading("Next token", "likeliest", tooltip="After the prompt, before temperature and top-k.")
                next_token(token, key="text_next", height=172)
