"""The run behind a page: opened for its settings, given a new network when they ask for one."""

from __future__ import annotations

import streamlit as st

from lstm_core.config import RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.tasks import make_task
from pages.live.channel import HOST


def run_for(page: str, config: RunConfig) -> str | None:
    """Token of this session's run for `page`, training on `config`.

    Data that cannot be learnt from are named on the page, and the network that there was goes on; None if
    there was none.
    """
    key = f"run_{page}"
    token: str | None = st.session_state.get(key)
    try:
        if token is not None and HOST.knows(token):
            if HOST.configure(token, config):
                st.toast(f"A new network starts: {describe(config)}.", icon=":material/restart_alt:")
        else:
            token = st.session_state[key] = HOST.open(config)
    except ValueError as error:
        kept = " The network that you see still learns from the data before." if token else ""
        st.error(f"{error}{kept}", icon=":material/error:")
    return token


def follow_view(page: str, token: str, **view: object) -> None:
    """Send the run those settings of its view that changed since this session last sent them."""
    sent = st.session_state.setdefault(f"view_{page}", {})
    for name, value in view.items():
        if sent.get((token, name)) != value:
            HOST.post(token, {"type": "view", "name": name, "value": value})
            sent[token, name] = value


def data_notes(task: TextConfig | SeriesConfig, train: TrainConfig, *more: str) -> None:
    """What is to be known about the data: symbols left out, gaps filled, an encoding guessed."""
    for note in (*more, *make_task(task, train).notes):
        if note:
            st.caption(note)


def describe(config: RunConfig) -> str:
    """The settings that make a network, in a few words."""
    model = config.model
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    return f"{layers} of {model.hidden_size} units, sequences of {config.train.sequence_length}"
