"""Dataclass fields that know their range, and a base class that checks them.

A field's allowed range, its choices and the sentence that explains it stand beside the field, in its
metadata. The pages read the same metadata for their sliders and tooltips, so that a range is written once.
"""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any


def ranged(default: float | None, low: float, high: float, about: str) -> Any:
    """A dataclass field whose value must lie in [low, high]; None is allowed if it is the default."""
    return field(default=default, metadata={"low": low, "high": high, "about": about})


def one_of(default: str | None, choices: tuple[str | None, ...], about: str) -> Any:
    """A dataclass field whose value must be one of `choices`."""
    return field(default=default, metadata={"choices": choices, "about": about})


def flag(about: str, default: bool = False) -> Any:
    """A dataclass field that is True or False."""
    return field(default=default, metadata={"flag": True, "about": about})


class Checked:
    """Base of the configs: checks every field with metadata when the object is built.

    Raises ValueError with the field, the value and what is allowed.
    """

    def __post_init__(self) -> None:
        for spec in fields(self):  # type: ignore[arg-type]
            value = getattr(self, spec.name)
            choices = spec.metadata.get("choices")
            if choices is not None and value not in choices:
                raise ValueError(
                    f"{spec.name} is {value!r}; it must be one of {', '.join(map(str, choices))}."
                )
            if "flag" in spec.metadata and not isinstance(value, bool):
                raise ValueError(f"{spec.name} is {value!r}; it must be true or false.")
            if "low" in spec.metadata and not (value is None and spec.default is None):
                self._check_range(spec.name, value, spec.metadata["low"], spec.metadata["high"])

    @staticmethod
    def _check_range(name: str, value: Any, low: float, high: float) -> None:
        whole = isinstance(low, int) and isinstance(high, int)
        kind = "a whole number" if whole else "a number"
        right_type = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right_type or not low <= value <= high:
            shown = [f"{bound:,}" if whole else f"{bound:g}" for bound in (low, high)]
            raise ValueError(f"{name} is {value!r}; it must be {kind} from {shown[0]} to {shown[1]}.")


def limits(config: type[Checked], name: str) -> dict[str, Any]:
    """Metadata of field `name`: `low`, `high` or `choices`, `about`; and its `default`."""
    spec = next(spec for spec in fields(config) if spec.name == name)  # type: ignore[arg-type]
    return {**spec.metadata, "default": spec.default}
