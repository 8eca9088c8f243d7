"""The Gates-away page: an LSTM and eight variants of it that lack or have something, side by side."""

import streamlit as st

from lstm_core.config import MemoryConfig
from lstm_core.experiments.ablation.config import AblationConfig
from pages.panels.experiments import ablation
from pages.panels.playback.transport import transport_bar
from pages.panels.runs.run import run_for, run_settings
from pages.screens.ablation import screen

settings = run_settings("ablation")
start, live = (st.sidebar.container(gap="xsmall") for _ in range(2))
with start:
    st.caption("NETWORKS · start anew")
    token, config = run_for(settings, AblationConfig, **ablation.controls(settings))
with live:
    st.caption("LIVE · acts while you drag")
    ablation.live_sliders(settings, token, lag=isinstance(config.task, MemoryConfig))
    st.caption(ablation.SOURCE)

if transport_bar(token, settings, "ablation"):
    st.rerun()
screen(token, config, settings)
