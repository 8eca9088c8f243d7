"""A script out of a template: a text of which every line says when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

MARK = "  #? "  # after it stand the flags that a line needs


def fill(name: str, flags: set[str], values: Mapping[str, Any]) -> str:
    """The template of file `name`: those of its lines whose flags are all set, with `values` for its $names.

    A line ends, after "#?", with the flags that it needs: "lstm" is one that is set, "!lstm" one that is not,
    "lstm|gru" one of two; a line without any is always there. Raises KeyError for a $name without a value.
    """
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    parts = [line.partition(MARK) for line in lines]
    kept = [text for text, _, needs in parts if all(_holds(need, flags) for need in needs.split())]
    return Template("\n".join(kept).rstrip("\n") + "\n").substitute(values)


def _holds(need: str, flags: set[str]) -> bool:
    return any((flag.lstrip("!") in flags) != flag.startswith("!") for flag in need.split("|"))
