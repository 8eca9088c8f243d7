"""Screen of the Cell page: one unit of the live network at one time step, with the number on every edge."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import RunConfig
from pages.panels.cell.cell import cell
from pages.panels.controls.settings import Settings
from pages.panels.sequence.sequence import sequence


def screen(token: str, config: RunConfig, settings: Settings | None = None) -> None:
    """The chosen unit at the chosen step."""
    with st.container(gap="xxsmall"):
        sequence(
            token,
            config.model.cell,
            key="cell_sequence",
            height=84,
            series=config.kind == "series",
            words=config.words,
        )
        cell(token, key="cell_cell", height=380, above=182, strip=84)
