"""Tiny stories from a seeded grammar: regular enough to learn in seconds, with structure to discover.

A story is one paragraph. Its hero and friend keep their animal and their pronouns throughout, what is said
stands in quotation marks that close again, and asides in brackets that do so too. A network that wants to
predict well has to remember all of that. The grammar itself is `tales.txt`, beside this file.
"""

from __future__ import annotations

import functools
import random
import re
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

# name, animal, pronouns
CAST = (
    ("Mina", "fox", "she"),
    ("Otto", "bear", "he"),
    ("Ada", "owl", "she"),
    ("Tom", "hare", "he"),
    ("Rosa", "mouse", "she"),
    ("Emil", "badger", "he"),
    ("Lily", "hen", "she"),
    ("Finn", "frog", "he"),
    ("Nora", "cat", "she"),
    ("Max", "dog", "he"),
    ("Hana", "duck", "she"),
    ("Leo", "hedgehog", "he"),
)
_PRONOUNS = {"she": ("she", "her", "her"), "he": ("he", "his", "him")}  # subject, possessive, object
_SLOT = re.compile(r"\{(\w+)\}")


@functools.lru_cache(maxsize=1)
def grammar() -> dict[str, tuple[str, ...]]:
    """The rules of `tales.txt`: name → alternatives."""
    rules: dict[str, list[str]] = {}
    name = ""
    for line in (Path(__file__).parent / "tales.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            rules[name].append(line.strip())
        elif line and not line.startswith("#"):
            name = line
            rules[name] = []
    return {name: tuple(alternatives) for name, alternatives in rules.items()}


class _Story:
    """One story while it is told: who and what it is about, and how a rule becomes a sentence."""

    def __init__(self, rng: random.Random) -> None:
        self._rules = grammar()
        # Only rng.random() is promised to give the same numbers in every version of Python.
        self._random = rng.random
        hero, friend = self._two(CAST)
        places, things = self._two(self._rules["place"]), self._two(self._rules["thing"])
        self._bound = {
            "place": places[0],
            "place2": places[1],
            "thing": things[0],
            "thing2": things[1],
            "weather": self._pick("weather"),
            "time": self._pick("time"),
            "a_kind": ("an " if hero[1][0] in "aeiou" else "a ") + hero[1],
            **_person(hero, ""),
            **_person(friend, "f"),
        }
        self._spots = list(self._rules["spot"])

    def tell(self) -> str:
        """Three to ten sentences in one paragraph."""
        rules = self._pick("plot").split()
        if rules[0] == "night":
            self._bound["time"] = "night"
        told = [rule for rule in rules if not rule.endswith("?") or self._random() < 0.5]
        return " ".join(self._expand(rule.rstrip("?")) for rule in told)

    def _pick(self, rule: str) -> str:
        alternatives = self._rules[rule]
        return alternatives[int(self._random() * len(alternatives))]

    def _two(self, options: tuple[T, ...]) -> tuple[T, T]:
        first = int(self._random() * len(options))
        second = (first + 1 + int(self._random() * (len(options) - 1))) % len(options)
        return options[first], options[second]

    def _expand(self, rule: str) -> str:
        return _SLOT.sub(self._fill, self._pick(rule))

    def _fill(self, slot: re.Match[str]) -> str:
        name = slot[1]
        if name == "spot":
            # nobody looks at the same spot twice
            return self._spots.pop(int(self._random() * len(self._spots)))
        return self._bound.get(name) or self._expand(name)


def _person(member: tuple[str, str, str], prefix: str) -> dict[str, str]:
    """What the rules call one of the cast; the friend's words begin with "f"."""
    name, animal, gender = member
    subject, possessive, objective = _PRONOUNS[gender]
    return {
        "friend" if prefix else "hero": name,
        prefix + "kind": animal,
        prefix + "she": subject,
        prefix + "She": subject.capitalize(),
        prefix + "her": possessive,
        prefix + "him": objective,
    }


def tales(size: int, seed: int = 0) -> str:
    """At least `size` characters of stories, one a line; the same for the same seed."""
    rng = random.Random(seed)
    stories: list[str] = []
    while size > 0:
        stories.append(_Story(rng).tell() + "\n")
        size -= len(stories[-1])
    return "".join(stories)
