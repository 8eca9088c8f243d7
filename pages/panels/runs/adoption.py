"""A page takes over a run with all that it is made of: the run of its address, of another tab, or a copy."""

from __future__ import annotations

from dataclasses import dataclass
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
from pages.panels.runs.settings_from_config import (
    Setting,
    by_kind,
    fits,
    live_settings,
    network_settings,
    pair_base,
)

GONE = "The run of this link no longer exists"
ELSEWHERE = "The run of this link belongs to another page"
ANEW = "; a new one starts with its settings."


@dataclass(frozen=True)
class Draft:
    """What a page asked for when it was drawn last."""

    run: SubjectConfig  # its run, as that was then
    network: tuple[object, ...] | None  # that its widgets made; None: they have not been drawn for this run


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
    _follow(settings, token, config, bool(adopted), here or linked is None)
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


def _follow(settings: Settings, token: str, config: SubjectConfig, adopted: bool, alone: bool) -> None:
    """The settings of the page become those of its run, but for what the user has asked for just now, by a
    widget or by the address; for a run that is `adopted` only by the address, and only if not `alone`.
    """
    page, state = settings.page, st.session_state
    draft: Draft | None = None if adopted else state.get(f"draft_{page}")
    fresh = draft is None
    if adopted:
        state[f"run_{page}"] = token
        state[f"parents_{page}"] = [one for one in state.get(f"parents_{page}", []) if one != token]
    before = network_settings(page, draft.run) if draft and type(draft.run) is type(config) else []
    changed = [one for one in network_settings(page, config) if one not in before]
    kept = [one for one in changed if not _take_over(one, fresh, alone)]
    for one in live_settings(page, config):
        _take_over(one, fresh, alone)
    settings.run, settings.drawn = config, by_kind(live_settings(page, config))
    if draft is None:
        # what the widgets will make is no wish for new networks, unless a link asks for them
        state[f"draft_{page}"] = Draft(config, config.network if kept else None)
    elif draft.run.network != config.network:
        # what the widgets make now, unless the user has moved one; or unless they never could make this run
        made = draft.network == draft.run.network
        state[f"draft_{page}"] = Draft(config, config.network if made else None)
    else:
        return
    _take_data(page, config, fresh)


def _take_over(one: Setting, fresh: bool, alone: bool) -> bool:
    return Settings(one.page).take_over(one.name, one.value, fresh, alone)


def _take_data(page: str, config: SubjectConfig, fresh: bool) -> None:
    """Keep the user's own text or series of a run, unless another one has just been given here."""
    state = st.session_state
    if isinstance(config, PairConfig):
        base = pair_base(config)
        if f"run_{base.kind}" not in state:  # so that a link says the same
            for one in network_settings(base.kind, base):
                Settings(one.page).take_over(one.name, one.value, fresh)
            own_data.keep(base.task)
        state["pair_base"], state["pair_origin"] = base, None
    elif isinstance(config, RunConfig) and (fresh or not own_data.just_given(page)):
        own_data.keep(config.task)
