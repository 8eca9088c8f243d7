"""The bundled texts: what their makers promise about them."""

import re
from datetime import datetime
from itertools import pairwise

import pytest

from lstm_core.config import CORPORA
from lstm_core.tasks.corpora import CORPUS_ABOUT, CORPUS_NAMES, brackets, corpus_text, counting, log
from lstm_core.tasks.tales import CAST, grammar, tales

BUNDLED = [name for name in CORPORA if name != "own"]


def test_every_corpus_is_named_and_explained() -> None:
    assert set(CORPUS_NAMES) == set(CORPUS_ABOUT) == set(CORPORA)
    assert all(about.endswith(".") for about in CORPUS_ABOUT.values())


@pytest.mark.parametrize("name", BUNDLED)
def test_texts_are_clean(name: str) -> None:
    text = corpus_text(name)
    assert 4_000 < len(text) < 700_000
    assert text.endswith("\n")
    assert "\r" not in text
    assert corpus_text(name) is text


@pytest.mark.parametrize("make", [tales, counting, brackets, log])
def test_a_seed_decides_the_text(make) -> None:  # type: ignore[no-untyped-def]
    assert make(3_000, 1) == make(3_000, 1)
    assert make(3_000, 1) != make(3_000, 2)
    assert 3_000 <= len(make(3_000, 1)) < 4_500


def test_counting_counts() -> None:
    lines = corpus_text("counting").splitlines()
    counts = {len(line) // 2 for line in lines}
    assert all(line == "a" * (len(line) // 2) + "X" + "b" * (len(line) // 2) for line in lines)
    assert counts == set(range(1, 13))


def test_brackets_balance() -> None:
    deepest = 0
    for line in corpus_text("brackets").splitlines():
        assert 2 <= len(line) <= 60
        waiting: list[str] = []
        for sign in line:
            if sign in "([{":
                waiting.append({"(": ")", "[": "]", "{": "}"}[sign])
                deepest = max(deepest, len(waiting))
            else:
                assert waiting.pop() == sign
        assert not waiting
    assert deepest == 8


def test_log_moves_on_and_restarts_after_errors() -> None:
    lines = corpus_text("log").splitlines()
    times = [datetime.fromisoformat(line[:19]) for line in lines]
    assert all(earlier < later for earlier, later in pairwise(times))
    errors = [number for number, line in enumerate(lines) if " ERROR " in line]
    assert len(errors) > 20
    for number in errors:
        service = lines[number].split()[3]
        assert re.search(rf"INFO +{service} +restarted", lines[number + 1])


def test_tales_are_complete() -> None:
    text = corpus_text("tales")
    assert text.isascii()
    assert not re.search(r"[{}|]|  | \.|\.\.", text)
    assert 300 < len(set(re.findall(r"[a-z']+", text.lower()))) < 600
    for story in text.splitlines():
        assert story.count('"') % 2 == 0
        assert story.count("(") == story.count(")")
        assert story[0].isupper()
        assert re.search(r'[.!?]"?$|\)\.$', story)
    assert sum(story.startswith("The ") for story in text.splitlines()) > 200


def test_tales_keep_names_and_animals_together() -> None:
    text = corpus_text("tales")
    for name, animal, pronoun in CAST:
        assert f"{name} the {animal}" in text or f"{animal} {name}" in text
        assert f"{name} the {animal}, and {'he' if pronoun == 'she' else 'she'} " not in text
    animals = "|".join(animal for _, animal, _ in CAST)
    names = "|".join(name for name, _, _ in CAST)
    true = {(name, animal) for name, animal, _ in CAST}
    assert set(re.findall(rf"\b({names}) the ({animals})\b", text)) == true


def test_every_rule_of_the_grammar_is_reachable() -> None:
    rules = grammar()
    used = {"plot", "time", "place", "thing", "spot", "weather"}
    used |= {word.rstrip("?") for plot in rules["plot"] for word in plot.split()}
    for alternatives in rules.values():
        for alternative in alternatives:
            used |= set(re.findall(r"\{(\w+)\}", alternative))
    assert set(rules) <= used
    assert all(len(alternatives) >= 2 for alternatives in rules.values())


def test_rhymes_are_many_and_short() -> None:
    text = corpus_text("rhymes")
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 60
    assert len(text.split("\n\n")) // 2 >= 20


def test_python_is_source() -> None:
    text = corpus_text("python")
    assert text.count("\ndef ") > 100
    assert len(text) > 300_000
