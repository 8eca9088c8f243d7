"""Configs as plain JSON values, and back: {"type": "RunConfig", "task": {"type": "TextConfig", …}, …}."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from lstm_core.config import (
    Hands,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.experiments.configs import AblationConfig, PairConfig, RaceConfig, SubjectConfig

KNOWN = (
    *(RunConfig, RaceConfig, AblationConfig, PairConfig),
    *(TextConfig, SeriesConfig, MemoryConfig, ModelConfig, TrainConfig, Knobs, View, Hands),
)
CONFIGS: dict[str, type] = {config.__name__: config for config in KNOWN}
LONGEST = 300  # characters of a sentence, which may quote what it is about


def to_plain(config: Any) -> dict[str, Any]:
    """A config as dicts, lists, and what JSON has."""
    values = {spec.name: _plain(getattr(config, spec.name)) for spec in fields(config)}
    return {"type": type(config).__name__, **values}


def from_plain(plain: Any) -> Any:
    """The config that `to_plain` was given; built by its own constructor, which checks it.

    Raises ValueError, one sentence, for an unknown type, a field that is unknown, missing or of the wrong
    type, and for what the constructor refuses.
    """
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str) or plain["type"] not in CONFIGS:
        kind = plain.get("type") if isinstance(plain, dict) else plain
        raise ValueError(f"{str(kind)[:40]!r} is no type of settings; there are {', '.join(CONFIGS)}.")
    make, hints = CONFIGS[plain["type"]], _hints(plain["type"])
    given = {name: value for name, value in plain.items() if name != "type"}
    for name in given.keys() ^ hints.keys():
        what = "is missing" if name in hints else "is unknown"
        raise ValueError(f"{str(name)[:40]!r} of {make.__name__} {what}.")
    values = {name: _value(value) for name, value in given.items()}
    for name, value in values.items():
        if not _fits(value, hints[name]):
            raise ValueError(f"{name} of {make.__name__} is of the wrong type: {value!r:.60}.")
    try:
        return make(**values)
    except ValueError as error:
        raise ValueError(_short(str(error))) from None
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(_short(f"the settings of {make.__name__} do not fit each other: {error}.")) from None


def subject_from_plain(plain: Any) -> SubjectConfig:
    """The same, but only for all settings of a run. Raises ValueError."""
    config = from_plain(plain)
    if not isinstance(config, SubjectConfig):
        raise ValueError(f"{type(config).__name__} alone is not all that a run needs.")
    return config


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return to_plain(value)
    return list(value) if isinstance(value, tuple) else value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return from_plain(value)
    return tuple(value) if isinstance(value, list) else value


@cache
def _hints(name: str) -> dict[str, Any]:
    return get_type_hints(CONFIGS[name])


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a field is annotated with."""
    if hint is Any:
        return value is None or isinstance(value, (str, int, float, *KNOWN))
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    return isinstance(value, hint)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 1]}…"
