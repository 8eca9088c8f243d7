"""What may be said to a run, and what it makes of the run's settings.

    {"type": "play" | "pause" | "step" | "reset"}
    {"type": "knob" | "view" | "hands", "name", "value"}    a field of `Knobs`, `View` or `Hands`
    {"type": "release"}                                     let go of all gates
    {"type": "find", "kind", "text", "value", "stretch"}    fields of a `Question`
    {"type": "check"}                                       gradients by hand against autograd
    {"type": "configure", "config"}                         new networks

A setting may have a "number", by which its sender hears that it was dealt with. Messages come from browsers,
and may be forged. Whoever keeps the config of a run reads them once (`read`); the run itself is handed its
live settings whole, so that no two of them can fail to fit each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lstm_core.analysis.question import Question
from lstm_core.config import TEXT_LIMIT, WORK_LIMIT, Hands, RunConfig
from lstm_core.experiments.configs import SubjectConfig, without_past

SETTINGS = {"knob": "knobs", "view": "view", "hands": "hands"}  # kind → field of the config
PLAIN = ("play", "pause", "step", "reset")
QUESTIONS = ("find", "check")  # … and "release" are for a single network
HELD_WORK = 2.5  # of a step of the plain cell, beside the fused one's, where the matrices are large


Live = dict[str, Any]  # knobs, view and hands of a config, as far as it has them


def read(message: dict[str, Any], config: SubjectConfig) -> tuple[SubjectConfig, dict[str, Any] | None]:
    """The config as the message leaves it, and what the run has to be told besides: an order or a question
    with nothing in it but what the run reads; None for a setting.

    config: of the run as it is now. Raises ValueError, and changes nothing, for what is no message.
    """
    kind = message.get("type")
    if isinstance(kind, str) and hasattr(config, SETTINGS.get(kind, "-")):
        return _with_setting(config, kind, message.get("name"), message.get("value")), None
    if kind == "configure":
        if not isinstance(message.get("config"), SubjectConfig):
            raise ValueError("configure needs the config of a subject.")
        return with_live(message["config"], config), {"type": "configure"}
    if isinstance(config, RunConfig):
        if kind == "release":
            return replace(config, hands=Hands()), None
        if kind == "find":
            fields = {
                name: message[name] for name in ("text", "value", "stretch") if message.get(name) is not None
            }
            return config, {"type": "find", "question": Question(message.get("kind", ""), **fields)}
        if kind == "check":
            return config, {"type": "check"}
    if kind not in PLAIN:
        raise ValueError(f"unknown message type {str(kind)[:40]!r}.")
    # a step is to be seen, and other networks have another past
    return (config if kind in ("play", "pause") else without_past(config)), {"type": kind}


def live(config: SubjectConfig) -> Live:
    """The live settings of a config."""
    return {name: getattr(config, name) for name in SETTINGS.values() if hasattr(config, name)}


def live_values(config: SubjectConfig) -> dict[str, dict[str, Any]]:
    """The live settings of a config, by kind of message and by name."""
    return {kind: vars(getattr(config, part)) for kind, part in SETTINGS.items() if hasattr(config, part)}


def with_live(config: SubjectConfig, now: SubjectConfig) -> SubjectConfig:
    """`config` with the live settings of `now`, but for a look at the past, where both are of one kind."""
    if type(config) is not type(now):
        return config
    try:
        return without_past(replace(config, **live(now)))
    except ValueError:  # they would make a step of the new networks too long
        return without_past(config)


def _with_setting(config: Any, kind: str, name: Any, value: Any) -> Any:
    """`config` with one live setting changed. Raises ValueError."""
    part = getattr(config, SETTINGS[kind])
    allowed = type(part).__dataclass_fields__
    if not isinstance(name, str) or name not in allowed:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(sorted(allowed))}.")
    if name in ("probe", "prompt"):
        if not (value is None or isinstance(value, str)):
            raise ValueError(f"{name} is {type(value).__name__}; it must be text.")
        value = value and value[:TEXT_LIMIT]
    part = replace(part, **{name: value})  # raises for a value out of range
    if kind == "hands" and config.hands.idle and not part.idle:  # they are laid on the layer that is shown
        part = replace(part, layer=config.view.layer)
    changed = replace(config, **{SETTINGS[kind]: part})
    held = isinstance(changed, RunConfig) and changed.hands.training
    if held and name in ("batch_size", "training") and changed.step_work * HELD_WORK > WORK_LIMIT:
        raise ValueError(
            "Training under the hands takes longer, and one step of this network would take seconds: lower "
            "the batch size, or start a smaller network or one with shorter sequences."
        )
    return changed
