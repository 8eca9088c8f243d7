"""The run behind a page: opened for its settings, given a new network when they ask for one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import RunConfig, SeriesConfig, TextConfig
from lstm_core.tasks import make_task
from pages.live.channel import HOST
from pages.panels.plain import plain


def run_for(page: str, config: RunConfig) -> tuple[str, RunConfig] | None:
    """Token of this session's run for `page`, and the config that it trains on.

    That is `config`, unless its data cannot be learnt from: then the page says why, and the network that
    there was goes on. None if there was none.
    """
    key = f"run_{page}"
    token: str | None = st.session_state.get(key)
    try:
        if token is None or not HOST.knows(token):
            token = st.session_state[key] = HOST.open(config)
        elif HOST.configure(token, config):
            st.toast(f"A new network starts: {describe(config)}.", icon=":material/restart_alt:")
        st.session_state[f"config_{page}"] = config
    except ValueError as error:
        kept = " The network that you see still learns from the data before." if token else ""
        st.error(plain(f"{error}{kept}"), icon=":material/error:")
    return (token, st.session_state[f"config_{page}"]) if token else None


def last_task(page: str, default: TextConfig | SeriesConfig) -> Any:
    """What this session's run for `page` learns from now; `default` before there is one."""
    config: RunConfig | None = st.session_state.get(f"config_{page}")
    return config.task if config else default


def follow_view(page: str, token: str, **view: object) -> None:
    """Send the run those settings of its view that changed since this session last sent them."""
    sent = st.session_state.setdefault(f"view_{page}", {})
    for name, value in view.items():
        if sent.get((token, name)) != value:
            HOST.post(token, {"type": "view", "name": name, "value": value})
            sent[token, name] = value


def data_notes(config: RunConfig, *more: str) -> None:
    """What is to be known about the data: symbols left out, gaps filled, an encoding guessed."""
    for note in (*more, *make_task(config.task, config.train).notes):
        if note:
            st.caption(plain(note))


def describe(config: RunConfig) -> str:
    """The settings that make a network, in a few words."""
    model = config.model
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    return f"{layers} of {model.hidden_size} units, sequences of {config.train.sequence_length}"
