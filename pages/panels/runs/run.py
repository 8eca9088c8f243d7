"""The run behind a page: opened for its settings, given a new network when they ask for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import streamlit as st

from lstm_core.config import (
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.tasks import make_task
from lstm_core.tasks.corpora import CORPUS_NAMES
from lstm_core.tasks.series import SERIES_NAMES, SERIES_SETTINGS
from pages.common.markdown import escape_markdown
from pages.live.server.state import HOST
from pages.panels.controls.network import view_controls
from pages.panels.controls.settings import Settings, place_widget
from pages.panels.runs.adoption import Draft, adopt_run, run_settings
from pages.panels.runs.linked import note_network
from pages.panels.runs.settings_from_config import OUTPUT, by_kind, live_settings

BEGINNING = 24  # characters of a text by which it is named
Config = TypeVar("Config", bound=SubjectConfig)


@dataclass(frozen=True)
class Shown:
    """The run that a page shows which makes none of its own. sidebar: where that page's controls belong."""

    settings: Settings
    token: str
    config: RunConfig
    sidebar: Any

    @property
    def cell(self) -> str:
        return self.config.model.cell

    @property
    def series(self) -> bool:
        return isinstance(self.config.task, SeriesConfig)

    @property
    def words(self) -> bool:
        return isinstance(self.config.task, TextConfig) and self.config.task.level == "words"


def shown_run() -> Shown:
    """The run of the Text or of the Series page, whichever was looked at last; a new one if there is none.

    Draws, in the sidebar, which of them it is, and which layer and units the heatmaps show. Ends the script
    if there is nothing to show, when it has said why.
    """
    state = st.session_state
    linked = "series" if any(key.startswith("series_") for key in st.query_params) else "text"
    place_widget("network_shown", state.get("last_network", linked))
    switch, middle, bottom = (st.sidebar.container(gap="xsmall") for _ in range(3))
    page = switch.segmented_control(
        "Network",
        ["text", "series"],
        format_func={"text": "Text", "series": "Series"}.__getitem__,
        required=True,
        key="network_shown",
        width="stretch",
        help="Whose insides are shown: the network of the Text page or that of the Series page.",
    )
    assert page is not None
    settings = run_settings(page)
    task, model, train = network_of(settings)
    with bottom:
        view = View(**live_view(settings), **view_controls(settings, model))
    with switch:
        token, config = run_for(settings, RunConfig, task, model, train, live_knobs(settings), view)
        st.caption(escape_markdown(f"{describe(config)}. Change it on the {page.capitalize()} page."))
    return Shown(settings, token, config, middle)


def live_knobs(settings: Settings) -> Knobs:
    """The knobs as they are, or as a link asks for them."""
    return Knobs(**{name: settings.stored(Knobs, name) for name in vars(Knobs())})


def live_view(settings: Settings) -> dict[str, Any]:
    """The same for the fields of the view that have live controls on this page."""
    return {name: settings.stored(View, name) for name in OUTPUT[settings.page]}


def network_of(settings: Settings) -> tuple[TextConfig | SeriesConfig, ModelConfig, TrainConfig]:
    """Data, network and training as the run of a page has them; before there is one, as its settings say."""
    stored = stored_parts(settings)  # also notes what of a link cannot be used
    if not isinstance(settings.run, RunConfig):
        return stored
    assert not isinstance(settings.run.task, MemoryConfig)
    return settings.run.task, settings.run.model, settings.run.train


def stored_parts(settings: Settings) -> tuple[TextConfig | SeriesConfig, ModelConfig, TrainConfig]:
    """Data, network and training as the settings of a page say, in its address or where they were left."""

    def stored(config: Any, *names: str, settings: Settings = settings) -> dict[str, Any]:
        return {name: settings.stored(config, name) for name in names}

    model = ModelConfig(
        **stored(ModelConfig, "cell", "hidden_size", "num_layers", "forget_bias", "chrono", "init")
    )
    train = TrainConfig(**stored(TrainConfig, "sequence_length", "seed"))
    task: TextConfig | SeriesConfig
    if settings.page == "text":
        task = TextConfig(**stored(TextConfig, "corpus", "level", "goal"))
        if task.corpus == "own":  # whose text no address holds
            task = replace(task, corpus="tales")
        if task.goal == "gaps":
            model = replace(model, **stored(ModelConfig, "bidirectional"))
    else:
        kind = settings.stored(SeriesConfig, "kind")
        wave = Settings(f"{settings.page}_wave")
        shape = [name for name in SERIES_SETTINGS[kind] if name not in ("stock", "column", "values")]
        task = SeriesConfig(kind, **stored(SeriesConfig, *shape, settings=wave))
        if kind == "stocks":
            task = SeriesConfig(kind, **stored(SeriesConfig, "stock"))
        elif kind == "own":
            task = SeriesConfig()
        settings.notes += wave.notes
    return task, model, train


def run_for(
    settings: Settings, make: Callable[..., Config], *parts: Any, **fields: Any
) -> tuple[str, Config]:
    """Token of this session's run for the page of `settings`, and its config.

    make: the kind of config, RunConfig or that of an experiment; parts and fields: what it is made of. Where
    that is not what it was at the script run before, the run gets new networks, unless it cannot be learnt
    from: then the page says why, and what there was goes on. Ends the script if there was nothing. Live
    settings that are not as the run has them (a followed link, the browser's back button) are sent to it.
    """
    page, state = settings.page, st.session_state
    token: str | None = state.get(f"run_{page}")
    if token is not None and not HOST.knows(token):
        token = None
    theirs: Any = settings.run
    try:
        config = make(*parts, **fields)
        if token is None:
            token = state[f"run_{page}"] = HOST.open(config)
        else:
            draft: Draft | None = state.get(f"draft_{page}")
            wanted = draft is not None and draft.network not in (None, config.network)
            if wanted and HOST.configure(token, config):
                state.pop(f"parents_{page}", None)
                st.toast(started(config), icon=":material/restart_alt:")
            elif settings.run and settings.run.network != HOST.config(token).network:
                st.rerun()  # another window has asked for a new network, after the widgets were drawn
            _send_changes(token, page, settings.run or HOST.config(token), config)
        theirs = HOST.config(token)
        state[f"draft_{page}"] = Draft(theirs, config.network)
        settings.drawn = by_kind(live_settings(page, config))
        if isinstance(config, RunConfig):
            note_network(page)
    except ValueError as error:
        kept = " The network that you see still learns from the data before." if token else ""
        st.error(escape_markdown(f"{error}{kept}"), icon=":material/error:")
    except KeyError:  # it has been deleted this very moment
        st.rerun()
    settings.show_notes()
    if token is None or theirs is None:
        st.stop()
    settings.link_run(token)
    return token, theirs


def _send_changes(token: str, page: str, run: SubjectConfig, config: SubjectConfig) -> None:
    """Send the run the live settings of `config` that are not as it has them. Raises KeyError, ValueError."""
    theirs = by_kind(live_settings(page, run))
    for one in live_settings(page, config):
        if theirs.get(one.kind, {}).get(one.name, st) != one.value:
            HOST.post(token, {"type": one.kind, "name": one.name, "value": one.value})


def branch_run(page: str, token: str, step: int) -> bool:
    """From now on the page shows a run that goes on from where this one was at `step`; this one is kept.

    False, when it has said why, if there is nothing to go on from.
    """
    try:
        branch = HOST.branch(token, step)
    except (KeyError, ValueError):
        st.toast("There is no network to go on from: this run has ended.", icon=":material/error:")
        return False
    st.session_state.setdefault(f"parents_{page}", []).append(token)
    st.session_state[f"run_{page}"] = branch
    st.toast(
        f"A new run goes on from step {step:,}. The one before is kept: “Return to the run before”.",
        icon=":material/call_split:",
    )
    return True


def parent_of(page: str) -> str | None:
    """Token of the run that the page's run has branched off from, if it still exists."""
    parents: list[str] = st.session_state.get(f"parents_{page}", [])
    while parents and not HOST.knows(parents[-1]):
        parents.pop()
    return parents[-1] if parents else None


def return_run(page: str) -> bool:
    """Show the run again that this one has branched off from; False if it no longer exists."""
    parent = parent_of(page)
    if parent is None:
        return False
    parents = st.session_state[f"parents_{page}"][:-1]
    adopt_run(page, parent)
    st.session_state[f"parents_{page}"] = parents
    HOST.post(parent, {"type": "view", "name": "at", "value": None})  # one returns to where it is now
    return True


def last_task(settings: Settings, default: TextConfig | SeriesConfig) -> Any:
    """What the run of a page learns from now; `default` before there is one."""
    return settings.run.task if isinstance(settings.run, RunConfig) else default


def until_then(task: TextConfig | SeriesConfig) -> str:
    """What is learnt until there is a text or series of the user's own: maybe one of theirs from before."""
    if isinstance(task, TextConfig):
        name = CORPUS_NAMES[task.corpus]
        if task.corpus == "own":
            start = " ".join(task.text[:BEGINNING].split())
            name = f"your text from before, “{start}{'…' if len(task.text) > BEGINNING else ''}”"
    else:
        name = SERIES_NAMES[task.kind]
        if task.kind == "own":
            name = f"your series from before, “{task.column}”"
    return f"Until then the network learns {escape_markdown(name)}."


def data_notes(config: RunConfig, *more: str) -> None:
    """What is to be known about the data: symbols left out, gaps filled, an encoding guessed."""
    for note in (*more, *make_task(config.task, config.train).notes):
        if note:
            st.caption(escape_markdown(note))


def started(config: Any) -> str:
    """A sentence for when new networks start."""
    if isinstance(config, RunConfig):
        return f"A new network starts: {describe(config)}."
    return "The networks start anew, from step 0."


def describe(config: RunConfig) -> str:
    """The settings that make a network, in a few words."""
    model, task = config.model, config.task
    assert not isinstance(task, MemoryConfig)  # which no page shows as a single network
    if isinstance(task, TextConfig):
        data = f"{CORPUS_NAMES[task.corpus]} by {task.level}"
    else:
        data = SERIES_NAMES[task.kind]
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    cell = model.cell.upper() + (" in both directions" if model.bidirectional else "")
    network = f"{cell}, {layers} of {model.hidden_size} units"
    return f"{data}, {network}, sequences of {config.train.sequence_length}"
