"""From a run's config back to the settings of its page: what its widgets have to say to make that run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lstm_core.config import (
    MemoryConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
)
from lstm_core.config.fields import Checked
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig

KINDS: dict[str, type] = {
    "text": RunConfig,
    "series": RunConfig,
    "memory": RaceConfig,
    "ablation": AblationConfig,
    "compare": PairConfig,
}
TASKS: dict[str, type] = {"text": TextConfig, "series": SeriesConfig}
MODEL = ("cell", "hidden_size", "num_layers", "forget_bias", "chrono", "init", "bidirectional")
TRAIN = ("sequence_length", "seed")
# the fields of the view that have controls, live ones or widgets
OUTPUT = {"text": ("probe", "prompt", "temperature", "top_k"), "series": ("probe_start",)}
SHOWN = ("layer", "units")


def page_of(config: SubjectConfig) -> str:
    """The page that a run of this config belongs to."""
    return next(page for page in KINDS if fits(page, config))


class Setting(NamedTuple):
    """A setting: `page` is that of its `Settings`, `name` that of its field; kind: of live setting, or ""."""

    page: str
    name: str
    value: Any
    kind: str = ""


def fits(page: str, config: SubjectConfig) -> bool:
    """Whether this page shows such runs."""
    kind, task = KINDS[page], TASKS.get(page)
    return isinstance(config, kind) and (task is None or isinstance(getattr(config, "task", None), task))


def network_settings(page: str, config: SubjectConfig) -> list[Setting]:
    """The settings that ask for new networks."""
    if isinstance(config, RunConfig):
        return [
            *_data(page, config.task),
            *_fields(page, config.model, MODEL),
            *_fields(page, config.train, TRAIN),
        ]
    if isinstance(config, RaceConfig):
        lanes = ("rnn", "gru", "lstm", "lstm0", "hidden_size", "forget_bias", "chrono", "init")
        own = [*_fields(page, config, lanes), *_fields(page, config.task, ["kind"])]
        return [*own, *_fields(page, config.train, ["seed"])]
    if isinstance(config, AblationConfig):
        names = ("hidden_size", "forget_bias", "chrono", "seeds")
        return [Setting(page, "data", _ablation_data(config.task)), *_fields(page, config, names)]
    return list(_pair(page, config))


def live_settings(page: str, config: SubjectConfig) -> list[Setting]:
    """The live settings that have controls on the page; kind: "knob" or "view", as messages name them."""
    knobs = [Setting(page, name, value, "knob") for name, value in vars(config.knobs).items()]
    if isinstance(config, RunConfig):
        names: tuple[str, ...] = (*OUTPUT[page], *SHOWN)
    elif isinstance(config, PairConfig):
        names = (*OUTPUT[config.left.kind], "signal")
    else:
        return knobs
    return [*knobs, *(Setting(page, name, getattr(config.view, name), "view") for name in names)]


def by_kind(settings: list[Setting]) -> dict[str, dict[str, Any]]:
    """Values of live settings by kind of message and by name."""
    kinds: dict[str, dict[str, Any]] = {}
    for one in settings:
        kinds.setdefault(one.kind, {})[one.name] = one.value
    return kinds


def _fields(page: str, config: Checked, names: Any) -> Iterator[Setting]:
    return (Setting(page, name, getattr(config, name)) for name in names)


def _data(page: str, task: Any) -> Iterator[Setting]:
    if isinstance(task, TextConfig):
        yield from _fields(page, task, ("corpus", "level", "goal"))
    else:
        yield from _fields(page, task, ("kind", "stock"))
        yield from _fields(f"{page}_wave", task, ("period", "noise", "amplitude", "phase"))


def _ablation_data(task: Any) -> str:
    """What the widget over the data says. A task that it does not offer leaves it at what it was."""
    if isinstance(task, TextConfig):
        return task.corpus
    return f"memory {task.kind}" if isinstance(task, MemoryConfig) else task.kind


def pair_base(config: PairConfig) -> RunConfig:
    """The network whose settings both sides of a pair have: the left one, but with a text or series of the
    user's own if it is the right one that learns it.
    """
    left, value = config.left, config.value
    name = {"text": "corpus", "series": "kind"}[left.kind]
    if config.differs == "task" and getattr(value, name) == "own":
        return RunConfig(value, left.model, left.train, left.knobs)
    return left


def _pair(page: str, config: PairConfig) -> Iterator[Setting]:
    left, kind = config.left, config.left.kind
    yield Setting(page, "network", kind)
    yield Setting(page, "differs", config.differs)
    section, _, name = config.differs.partition(".")
    value = config.value
    name = name or {"text": "corpus", "series": "kind"}[kind]
    if config.differs == "task":
        value = getattr(value, name)
    if section != "knobs":
        yield Setting(f"{page}_{kind}_left", name, getattr(getattr(left, section), name))
    yield Setting(f"{page}_{kind}_right", name, value)
