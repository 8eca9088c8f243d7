"""A question about units: which of them tell something apart?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lstm_core.analysis.token_patterns import (
    Finder,
    after_newline,
    brackets,
    quotes,
    shortened,
    uppercase,
)
from lstm_core.tasks.tokens import normalise

LONGEST_PATTERN = 200  # characters

FINDERS: dict[str, Finder] = {
    "quotes": quotes,
    "brackets": brackets,
    "newline": after_newline,
    "uppercase": uppercase,
}
TEXT_KINDS = (*FINDERS, "regex")
SERIES_KINDS = ("rising", "above")
KINDS = (*TEXT_KINDS, *SERIES_KINDS, "stretch")


@dataclass(frozen=True)
class Question:
    """What to look for. `text` is the pattern of a "regex", `value` the threshold of "above" in the series'
    own units, `stretch` the first and last step of the probe, in either order, of a "stretch".

    Raises ValueError, whatever it is given, for what is no such question.
    """

    kind: str
    text: str = ""
    value: float = 0.0
    stretch: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise ValueError(f"kind is {str(self.kind)[:40]!r}; it must be one of {', '.join(KINDS)}.")
        if not isinstance(self.text, str) or len(self.text) > LONGEST_PATTERN:
            raise ValueError(f"text must be at most {LONGEST_PATTERN} characters.")
        if not _is_number(self.value):
            raise ValueError(f"value is {str(self.value)[:40]!r}; it must be a finite number.")
        stretch = self.stretch
        if (
            not isinstance(stretch, list | tuple)
            or len(stretch) != 2
            or not all(isinstance(step, int) and _is_number(step) for step in stretch)
        ):
            raise ValueError("stretch must be two whole numbers, the first and the last step.")
        object.__setattr__(self, "stretch", (min(stretch), max(stretch)))
        object.__setattr__(self, "text", normalise(self.text))  # as the texts are

    def __str__(self) -> str:
        """What is marked, in a few words that follow "is"."""
        return {
            "quotes": "inside quotes",
            "brackets": "inside brackets",
            "newline": "after a newline",
            "uppercase": "uppercase",
            "regex": f"matched by “{shortened(self.text)}”",
            "rising": "rising",
            "above": f"above {self.value:.6g}",
            "stretch": "between t = {} and {}".format(*self.stretch),
        }[self.kind]


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False
