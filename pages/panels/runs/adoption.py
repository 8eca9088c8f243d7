"""A page takes over a run with all that it is made of: the run of its address, of another tab, or a copy."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import RunConfig
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.storage.store import Damaged
from pages.common.markdown import escape_markdown
from pages.live.server.state import HOST
from pages.panels.controls import own_data
from pages.panels.controls.settings import Settings
from pages.panels.runs.linked import take_linked
from pages.panels.runs.settings_from_config import Setting, fits, network_settings, pair_base, settings_of

GONE = "The run of this link no longer exists"
ELSEWHERE = "The run of this link belongs to another page"
ANEW = "; a new one starts with its settings."


def run_settings(page: str, defaults: dict[str, Any] | None = None) -> Settings:
    """The settings of a page, to be called before its widgets are drawn.

    A run that the address names anew, or that `adopt_run` was called for, becomes this session's run of the
    page, and its settings win over all others in that address: nothing of it changes by being looked at. If
    it was named by the address of a page before, what a link to this page says comes on top. Of a run that
    was changed elsewhere since (in another tab) what was changed is taken over.
    """
    state = st.session_state
    settings = Settings(page)
    if defaults is not None:
        settings.defaults = defaults
    adopted: str | None = state.pop(f"adopt_{page}", None)
    linked, here = take_linked(page)
    token: str | None = adopted or state.get(f"run_{page}")
    known = token is not None and HOST.knows(token)
    if linked is not None and adopted is None and linked != token:
        refusal = _refusal(page, linked)
        if refusal is None:
            adopted = token = linked
            known = True
        else:
            st.toast(
                escape_markdown(refusal + ("." if known else ANEW)),
                icon=":material/link_off:",
                duration="long",
            )
    elif token is not None and not known:
        st.toast(
            escape_markdown(f"The run that was here no longer exists{ANEW}"),
            icon=":material/link_off:",
            duration="long",
        )
    if token is None or not known:
        return settings
    try:
        config = HOST.config(token)
    except Damaged as error:  # it slept, and cannot be woken
        state.pop(f"run_{page}", None)
        st.toast(escape_markdown(str(error).rstrip(".") + ANEW), icon=":material/link_off:", duration="long")
        return settings
    except (KeyError, ValueError):  # it has been deleted this very moment
        return settings
    if adopted:
        _begin_with(page, token, config, here or linked is None)
    else:
        _catch_up(page, config)
    state[f"seen_{page}"] = config
    return settings


def adopt_run(page: str, token: str) -> None:
    """From now on this session's run of `page` is that of `token`. Its settings are taken over when that page
    is next run.
    """
    state = st.session_state
    state[f"adopt_{page}"] = state[f"run_{page}"] = token
    state.pop(f"parents_{page}", None)
    take_linked(page)


def _refusal(page: str, token: str) -> str | None:
    """Why the address's run cannot be shown here; None if it can. A code is no key to changing a run."""
    try:
        if not HOST.controls(token):
            return GONE
        return None if fits(page, HOST.config(token)) else ELSEWHERE
    except KeyError:
        return GONE
    except ValueError as error:  # its files are damaged
        return str(error).rstrip(".")


def _begin_with(page: str, token: str, config: SubjectConfig, alone: bool) -> None:
    """All settings of the page become those of this run; unless `alone`, but for those of the address."""
    state = st.session_state
    parents = [parent for parent in state.get(f"parents_{page}", []) if parent != token]
    state[f"run_{page}"], state[f"parents_{page}"], state[f"sent_{page}"] = token, parents, {}
    kept = _take_over(page, settings_of(page, config), fresh=True, alone=alone)
    _take_data(page, config, fresh=True)
    state[f"config_{page}"] = config
    # what the widgets will make is no wish for new networks, unless a link asks for them
    state[f"made_{page}"] = config.network if any(not one.kind for one in kept) else None


def _catch_up(page: str, config: SubjectConfig) -> None:
    """What was changed elsewhere since this session last looked is taken over, unless it was changed here,
    too, by the very thing that has called for this script run.
    """
    state = st.session_state
    seen: SubjectConfig | None = state.get(f"seen_{page}")
    if seen is None or seen == config:
        return
    before = {
        (one.page, one.name): one.value for one in settings_of(page, seen) if type(seen) is type(config)
    }
    changed = [one for one in settings_of(page, config) if before.get((one.page, one.name), st) != one.value]
    _take_over(page, changed, fresh=False)
    if seen.network != config.network:
        _take_data(page, config, fresh=False)
        state[f"config_{page}"] = config
        # what the widgets make now, unless the user has moved one; or unless they never could make this run
        made = state.get(f"made_{page}")
        state[f"made_{page}"] = config.network if made == seen.network else None


def _take_over(page: str, settings: list[Setting], fresh: bool, alone: bool = True) -> list[Setting]:
    """Those that were not taken over: what the user has just asked for instead stays."""
    sent, kept = st.session_state[f"sent_{page}"], []
    for one in settings:
        if not Settings(one.page).take_over(one.name, one.value, fresh, alone):
            kept.append(one)
        elif one.kind:
            sent[one.kind, one.name] = one.value
    return kept


def _take_data(page: str, config: SubjectConfig, fresh: bool) -> None:
    """Keep the user's own text or series of a run, unless another one has just been given here."""
    state = st.session_state
    if isinstance(config, PairConfig):
        base = pair_base(config)
        if f"config_{base.kind}" not in state:  # so that a link says the same
            for one in network_settings(base.kind, base):
                Settings(one.page).take_over(one.name, one.value, fresh)
            own_data.keep(base.task)
        state["pair_base"], state["pair_origin"] = base, None
    elif isinstance(config, RunConfig) and (fresh or not own_data.just_given(page)):
        own_data.keep(config.task)
