"""Sidebar of the Compare page: whose settings both sides have, and the one in which they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from lstm_core.config import Knobs, ModelConfig, TextConfig, TrainConfig, View
from lstm_core.config.fields import Checked, limits, one_of
from lstm_core.experiments.pair.differences import DIFFERENCES, differences_for
from lstm_core.tasks.corpora import CORPUS_NAMES
from lstm_core.tasks.series import SERIES_NAMES
from pages.live.server.state import HOST
from pages.panels.controls.network import LENGTHS, SIZES
from pages.panels.controls.settings import Settings
from pages.panels.runs.adoption import run_settings
from pages.panels.runs.linked import is_linked, token_of
from pages.panels.runs.run import live_knobs, live_view, network_of

# the values that are offered, where there are not just a few
STEPS: dict[str, list[Any]] = {
    "hidden_size": SIZES,
    "num_layers": [1, 2, 3],
    "forget_bias": [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0],
    "chrono": [0, 5, 10, 20, 50, 100, 200],
    "embedding_size": [1, 2, 4, 8, 16, 32, 64, 128],
    "sequence_length": LENGTHS,
    "seed": list(range(11)),
    "learning_rate": [1e-4, 3e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.3, 1.0],
    "batch_size": [1, 2, 4, 8, 16, 32, 64, 128],
    "clip": [0.01, 0.1, 1.0, 10.0, 100.0],
    "noise": [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0],
    "reach": [1, 2, 4, 8, 16, 32, 64, 128],
    "period": [5.0, 10.0, 25.0, 50.0, 100.0],
    "phase": [0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0],
}
# what to put beside a value, if nobody has chosen; else the first that is different
BESIDE: dict[str, list[Any]] = {
    "cell": ["gru", "lstm"],
    "hidden_size": [16, 64],
    "num_layers": [2, 1],
    "forget_bias": [-3.0, 1.0],
    "chrono": [50, 0],
    "embedding_size": [2, 32],
    "sequence_length": [8, 64],
    "seed": [1, 0],
    "learning_rate": [1e-3, 1e-2],
    "batch_size": [2, 16],
    "clip": [0.01, 1.0],
    "noise": [0.2, 0.0],
    "reach": [4, 8],
    "period": [50.0, 25.0],
    "phase": [180.0, 0.0],
    "corpus": ["rhymes", "tales"],
    "kind": ["two sines", "sine"],
}
SECTIONS: dict[str, type[Checked]] = {"model": ModelConfig, "train": TrainConfig, "knobs": Knobs}
FEW = 3  # values that fit side by side


@dataclass(frozen=True)
class Compared(Checked):
    """What this page alone asks."""

    network: str = one_of(
        "text", ("text", "series"), "Whose settings both sides have: those of the Text or of the Series page."
    )
    differs: str = one_of("model.cell", tuple(DIFFERENCES), "The one setting in which the two sides differ.")


def following(settings: Settings, config: type[Checked], name: str, default: Any) -> Any:
    """A setting that keeps to its default, which may change, until something else is chosen."""
    settings.defaults = settings.defaults | {name: default}
    followed = st.session_state.setdefault("followed", {})
    key = settings.key(name)
    value = settings.stored(config, name)
    if key in followed and value == followed[key] != default:
        settings.remember(config, name, default)
        if key in st.session_state:
            st.session_state[key] = default
        value = default
    followed[key] = default
    return value


def base_of(settings: Settings) -> dict[str, Any]:
    """Task, model, train, knobs and view as on the Text or the Series page of this session, whichever is
    chosen here. The live settings are this page's own as soon as they are moved here.
    """
    network = st.segmented_control(
        "Network",
        ["text", "series"],
        format_func={"text": "Text", "series": "Series"}.__getitem__,
        required=True,
        key=settings.widget_key(Compared, "network"),
        width="stretch",
        help=limits(Compared, "network")["about"],
    )
    page = settings.keep(Compared, "network", network)
    token = token_of(page)  # its run may only be in the address yet
    origin = run_settings(page) if is_linked(page) or (token and HOST.knows(token)) else Settings(page)
    task, model, train = _adopted(origin.page, network_of(origin))
    knobs, view = vars(live_knobs(origin)), live_view(origin)
    for config, fields in ((Knobs, knobs), (View, view)):
        for name in fields.keys() - {"steps_per_second"}:
            following(settings, config, name, fields[name])
        fields.update({name: settings.stored(config, name) for name in fields})
    settings.notes += origin.notes
    return {"task": task, "model": model, "train": train, "knobs": Knobs(**knobs), "view": View(**view)}


def _adopted(network: str, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Task, model and train of the run that was taken over, until the page of that network says something
    else than then.
    """
    base, origin = st.session_state.get("pair_base"), st.session_state.get("pair_origin")
    if base is None or base.kind != network:
        return parts
    if origin is None:
        st.session_state["pair_origin"] = parts
    elif origin != parts:
        del st.session_state["pair_base"]
        return parts
    return base.task, base.model, base.train


def sides(settings: Settings, base: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """`base` with what the left side has, and `differs` and `value`: what the right side has instead; and the
    place in the sidebar for the left side's value, if that is a knob: it is dragged.
    """
    task = base["task"]
    names = differences_for(task, base["model"])
    key = settings.widget_key(Compared, "differs")
    if st.session_state[key] not in names:
        st.session_state[key] = names[0]
    differs = st.selectbox(
        "They differ in",
        names,
        format_func=lambda name: DIFFERENCES[name].label,
        key=key,
        help="Everything else is equal, down to the initial weights and the batches wherever that can be.",
    )
    differs = settings.keep(Compared, "differs", differs)
    kind = "text" if isinstance(task, TextConfig) else "series"
    left, right = (Settings(f"{settings.page}_{kind}_{side}") for side in ("left", "right"))
    section, _, name = differs.partition(".")
    config: type[Checked] = SECTIONS.get(section) or type(task)
    name = name or {"text": "corpus", "series": "kind"}[kind]
    own = getattr(base[section], name)
    place = st.container()
    if section != "knobs":
        own = _value(left, "Left", differs, config, name, own)
        base = base | {section: _with(base[section], name, own)}
    value = _value(right, "Right", differs, config, name, _beside(config, name, own))
    settings.notes += left.notes + right.notes
    value = value if "." in differs else _with(task, name, value)
    return base | {"differs": differs, "value": value}, place


def _beside(config: type[Checked], name: str, own: Any) -> Any:
    """What to compare a value with if nobody has chosen: another one."""
    values = BESIDE.get(name) or _options(config, name)
    return next(value for value in values if value != own)


def _with(part: Any, name: str, value: Any) -> Any:
    """`part` with another value; a text or a series of the user's own stays behind with its name."""
    if name == "corpus" and value != part.corpus:
        return replace(part, corpus=value, text="")
    if name == "kind" and value != part.kind:
        return replace(part, kind=value, values=())
    return replace(part, **{name: value})


def _options(config: type[Checked], name: str) -> list[Any]:
    if name in STEPS:
        spec = limits(config, name)
        return [step for step in STEPS[name] if spec["low"] <= step <= spec["high"]]
    return [False, True] if "flag" in limits(config, name) else list(limits(config, name)["choices"])


def _value(
    settings: Settings, side: str, differs: str, config: type[Checked], name: str, default: Any
) -> Any:
    """The value of one side, from a widget; the base's own, or another one, until something is chosen."""
    value = following(settings, config, name, default)
    key = settings.widget_key(config, name)
    options = _options(config, name)
    if "own" in options and "own" not in (value, default):
        options.remove("own")  # which only the page of that network can read
    words = {"corpus": CORPUS_NAMES, "kind": SERIES_NAMES}.get(name)
    said = words.__getitem__ if words else DIFFERENCES[differs].words
    about = limits(config, name)["about"]
    if name in STEPS:
        if value is None:  # as a link may say, but no slider can
            value = st.session_state[key] = default
        options = sorted({*options, value})
        chosen = st.select_slider(side, options, format_func=said, key=key, help=about)
        return settings.keep(config, name, chosen)
    if len(options) > FEW:
        chosen = st.selectbox(side, options, format_func=said, key=key, help=about)
    else:
        chosen = st.segmented_control(
            side, options, format_func=said, required=True, key=key, width="stretch", help=about
        )
    return settings.keep(config, name, chosen)
