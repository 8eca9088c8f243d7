"""What may be said to a run.

    {"type": "play" | "pause" | "step" | "reset"}
    {"type": "knob" | "view" | "hands", "name", "value"}    a field of `Knobs`, `View` or `Hands`
    {"type": "release"}                                     let go of all gates
    {"type": "find", "kind", "text", "value", "stretch"}    fields of a `Question`
    {"type": "check"}                                       gradients by hand against autograd
    {"type": "configure", "config"}                         new networks

They come from browsers, and may be forged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lstm_core.analysis.unit_search import Question
from lstm_core.config import TEXT_LIMIT, WORK_LIMIT, RunConfig
from lstm_core.experiments.registry import SubjectConfig

SETTINGS = {"knob": "knobs", "view": "view", "hands": "hands"}  # kind → field of the config
PLAIN = ("play", "pause", "step", "reset")
QUESTIONS = ("find", "check")  # … and "release" are for a single network
HELD_WORK = 2.5  # of a step of the plain cell, beside the fused one's, where the matrices are large


def checked(message: dict[str, Any], config: SubjectConfig) -> dict[str, Any]:
    """The message with nothing but what the run reads; a question as a `Question`.

    config: of the run as it is now. Raises ValueError for what is no message.
    """
    kind = message.get("type")
    if isinstance(kind, str) and hasattr(config, SETTINGS.get(kind, "-")):
        return _setting(config, kind, message.get("name"), message.get("value"))
    if kind == "configure":
        if not isinstance(message.get("config"), SubjectConfig):
            raise ValueError("configure needs the config of a subject.")
        return message
    if kind == "find" and isinstance(config, RunConfig):
        fields = {
            name: message[name] for name in ("text", "value", "stretch") if message.get(name) is not None
        }
        return {"type": "find", "question": Question(message.get("kind", ""), **fields)}
    single = kind in ("check", "release") and isinstance(config, RunConfig)
    if kind not in PLAIN and not single:
        raise ValueError(f"unknown message type {str(kind)[:40]!r}.")
    return {"type": kind}


def with_setting(config: Any, kind: str, name: str, value: Any) -> Any:
    """`config` with one live setting changed. Raises ValueError if they then do not fit each other."""
    part = replace(getattr(config, SETTINGS[kind]), **{name: value})
    if kind == "hands" and config.hands.idle and not part.idle:  # they are laid on the layer that is shown
        part = replace(part, layer=config.view.layer)
    return replace(config, **{SETTINGS[kind]: part})


def _setting(config: SubjectConfig, kind: str, name: Any, value: Any) -> dict[str, Any]:
    make = type(getattr(config, SETTINGS[kind]))
    allowed = make.__dataclass_fields__
    if not isinstance(name, str) or name not in allowed:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(sorted(allowed))}.")
    if name in ("probe", "prompt"):
        if not (value is None or isinstance(value, str)):
            raise ValueError(f"{name} is {type(value).__name__}; it must be text.")
        value = value and value[:TEXT_LIMIT]
    make(**{name: value})  # raises for a value out of range
    changed = with_setting(config, kind, name, value)
    held = isinstance(changed, RunConfig) and changed.hands.training
    if held and name in ("batch_size", "training") and changed.step_work * HELD_WORK > WORK_LIMIT:
        raise ValueError(
            "Training under the hands takes longer, and one step of this network would take seconds: lower "
            "the batch size, or start a smaller network or one with shorter sequences."
        )
    return {"type": kind, "name": name, "value": value}
