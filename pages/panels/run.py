"""The run behind a page: opened for its settings, given a new network when they ask for one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import RunConfig, SeriesConfig, TextConfig
from lstm_core.tasks import make_task
from lstm_core.tasks.corpora import CORPUS_NAMES
from lstm_core.tasks.series import SERIES_NAMES
from pages.live.channel import HOST
from pages.panels.plain import plain


def run_for(page: str, *parts: Any) -> tuple[str, RunConfig] | None:
    """Token of this session's run for `page`, and the config that it trains on.

    parts: of a RunConfig, in order. The run trains on that, unless it cannot be learnt from: then the page
    says why, and the network that there was goes on. None if there was none. Live settings that changed
    otherwise than over the channel (a followed link, the browser's back button) are sent to the run.
    """
    key = f"run_{page}"
    token: str | None = st.session_state.get(key)
    if token is not None and not HOST.knows(token):
        token = None
    try:
        config = RunConfig(*parts)
        if token is None:
            token = st.session_state[key] = HOST.open(config)
            st.session_state[f"sent_{page}"] = _live(config)
        elif HOST.configure(token, config):
            st.toast(f"A new network starts: {describe(config)}.", icon=":material/restart_alt:")
        st.session_state[f"config_{page}"] = config
        _send_changes(page, token, config)
    except ValueError as error:
        kept = " The network that you see still learns from the data before." if token else ""
        st.error(plain(f"{error}{kept}"), icon=":material/error:")
    return (token, st.session_state[f"config_{page}"]) if token else None


def _live(config: RunConfig) -> dict[tuple[str, str], object]:
    knobs = {("knob", name): value for name, value in vars(config.knobs).items()}
    return knobs | {("view", name): value for name, value in vars(config.view).items()}


def _send_changes(page: str, token: str, config: RunConfig) -> None:
    sent = st.session_state[f"sent_{page}"]
    for (kind, name), value in _live(config).items():
        if sent.get((kind, name)) != value:
            sent[kind, name] = value
            try:
                HOST.post(token, {"type": kind, "name": name, "value": value})
            except (KeyError, ValueError):
                return  # the run is gone, which the page will notice; or it does not fit, which it has said


def told_by_the_control(page: str, kind: str, name: str, value: object) -> None:
    """Note that the run has this value of a knob or of the view already, over the channel."""
    if f"sent_{page}" in st.session_state:
        st.session_state[f"sent_{page}"][kind, name] = value


def last_task(page: str, default: TextConfig | SeriesConfig) -> Any:
    """What this session's run for `page` learns from now; `default` before there is one."""
    config: RunConfig | None = st.session_state.get(f"config_{page}")
    return config.task if config else default


def data_notes(config: RunConfig, *more: str) -> None:
    """What is to be known about the data: symbols left out, gaps filled, an encoding guessed."""
    for note in (*more, *make_task(config.task, config.train).notes):
        if note:
            st.caption(plain(note))


def describe(config: RunConfig) -> str:
    """The settings that make a network, in a few words."""
    model, task = config.model, config.task
    if isinstance(task, TextConfig):
        data = f"{CORPUS_NAMES[task.corpus]} by {task.level}"
    else:
        data = SERIES_NAMES[task.kind]
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    return f"{data}, {layers} of {model.hidden_size} units, sequences of {config.train.sequence_length}"
