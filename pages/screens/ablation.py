"""Screen of the Gates-away page: an LSTM and eight variants of it, their losses and their ranking."""

from __future__ import annotations

import streamlit as st

from lstm_core.experiments.ablation.config import QUESTION, AblationConfig
from pages.common.heading import heading
from pages.panels.controls.settings import Settings
from pages.panels.experiments import ablation
from pages.panels.experiments.observation import observation, question


def screen(token: str, config: AblationConfig, settings: Settings | None = None) -> None:
    """All variants, side by side."""
    question(QUESTION)
    left, right = st.columns([6, 5], gap="medium")
    with left, st.container(gap="xxsmall"):
        heading(
            "Validation loss",
            f"{'squared error' if config.squared else 'nats'}; mean and range over seeds; grey: plain LSTM",
            tooltip="Each variant on data that is never trained on. All read the same batches.",
        )
        key = f"ablation_charts_{config.squared}"
        ablation.small_charts(token, key=key, height=490, squared=config.squared)
    with right, st.container(gap="xxsmall"):
        heading(
            "Ranking",
            "lowest loss first; a dot for every seed",
            tooltip="Mean of the last three validations. A difference counts if the seeds do not overlap and "
            "it is more than three standard deviations over the seeds.",
        )
        ablation.ranking(token, key="ablation_ranking", height=490)
    observation(token, key="ablation_observation", height=72)
