"""What may be said to a run.

    {"type": "play" | "pause" | "step" | "reset"}
    {"type": "knob" | "view" | "hands", "name", "value"}    a field of `Knobs`, `View` or `Hands`
    {"type": "release"}                                     let go of all gates
    {"type": "find", "kind", "text", "value", "stretch"}    fields of a `Question`
    {"type": "check"}                                       gradients by hand against autograd
    {"type": "configure", "config": RunConfig}              a new network

They come from browsers, and may be forged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lstm_core.config import WORK_LIMIT, Hands, Knobs, RunConfig, View
from lstm_core.find import Question

SETTINGS: dict[str, Any] = {"knob": Knobs, "view": View, "hands": Hands}
PLAIN = ("play", "pause", "step", "reset", "release", "check")
TEXT_LIMIT = 4_000  # characters of a probe or prompt that are looked at
HELD_WORK = 2.5  # of a step of the plain cell, beside the fused one's, where the matrices are large


def checked(message: dict[str, Any], config: RunConfig, knobs: Knobs, hands: Hands) -> dict[str, Any]:
    """The message with nothing but what the run reads; a question as a `Question`.

    config, knobs and hands: of the run as it is now. Raises ValueError for what is no message.
    """
    kind = message.get("type")
    if isinstance(kind, str) and kind in SETTINGS:
        setting = _setting(kind, message.get("name"), message.get("value"))
        if setting["name"] in ("batch_size", "training"):
            now = {"batch_size": knobs.batch_size, "training": hands.training}
            _check_work(config, **now | {setting["name"]: setting["value"]})
        return setting
    if kind == "configure":
        if not isinstance(message.get("config"), RunConfig):
            raise ValueError("configure needs a RunConfig.")
        return message
    if kind == "find":
        fields = {
            name: message[name] for name in ("text", "value", "stretch") if message.get(name) is not None
        }
        return {"type": "find", "question": Question(message.get("kind", ""), **fields)}
    if kind not in PLAIN:
        raise ValueError(f"unknown message type {str(kind)[:40]!r}.")
    return {"type": kind}


def _setting(kind: str, name: Any, value: Any) -> dict[str, Any]:
    make = SETTINGS[kind]
    allowed = make.__dataclass_fields__
    if not isinstance(name, str) or name not in allowed:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(sorted(allowed))}.")
    if name in ("probe", "prompt"):
        if not (value is None or isinstance(value, str)):
            raise ValueError(f"{name} is {type(value).__name__}; it must be text.")
        value = value and value[:TEXT_LIMIT]
    make(**{name: value})  # raises for a value out of range
    return {"type": kind, "name": name, "value": value}


def _check_work(config: RunConfig, batch_size: int, training: bool) -> None:
    """Raises ValueError if one step would take too long."""
    config = replace(config, knobs=Knobs(batch_size=batch_size))
    if training and config.step_work * HELD_WORK > WORK_LIMIT:
        raise ValueError(
            "Training under the hands takes longer, and one step of this network would take seconds: lower "
            "the batch size, or start a smaller network or one with shorter sequences."
        )
