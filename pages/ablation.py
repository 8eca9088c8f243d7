"""The Gates-away page: an LSTM and eight variants of it that lack or have something, side by side."""

import streamlit as st

from lstm_core.config import MemoryConfig
from lstm_core.experiments.ablation import QUESTION, AblationConfig
from pages.panels import ablation
from pages.panels.heading import heading
from pages.panels.observation import observation, question
from pages.panels.run import run_for
from pages.panels.settings import Settings
from pages.panels.transport import transport_bar

settings = Settings("ablation")
start, live = (st.sidebar.container(gap="xsmall") for _ in range(2))
with start:
    st.caption("NETWORKS · start anew")
    token, config = run_for(settings, AblationConfig, **ablation.controls(settings))
with live:
    st.caption("LIVE · acts while you drag")
    ablation.live_sliders(settings, token, lag=isinstance(config.task, MemoryConfig))
    st.caption(ablation.SOURCE)

if transport_bar(token, settings, experiment=True):
    st.rerun()
question(QUESTION)
left, right = st.columns([6, 5], gap="medium")
with left, st.container(gap="xxsmall"):
    heading(
        "Validation loss",
        f"{'squared error' if config.squared else 'nats'}; mean and range over seeds; grey: plain LSTM",
        tooltip="Each variant on data that is never trained on. All read the same batches.",
    )
    ablation.small_charts(token, key=f"ablation_charts_{config.squared}", height=490, squared=config.squared)
with right, st.container(gap="xxsmall"):
    heading(
        "Ranking",
        "lowest loss first; a dot for every seed",
        tooltip="Mean of the last three validations. A difference counts if the seeds do not overlap and it "
        "is more than three standard deviations over the seeds.",
    )
    ablation.ranking(token, key="ablation_ranking", height=490)
observation(token, key="ablation_observation", height=72)
