"""Text in a Plotly figure, which would read tags and entities in it: here it is shown letter by letter."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from lstm_core.tasks.tokens import normalise, split

Letter = tuple[str, str]  # a character as a reader sees it, and one of STYLES
STYLES = {
    "": "{}",
    "bold": "<b>{}</b>",
    "right": '<b><span style="color:#00795A">{}</span></b>',
    "wrong": '<b><span style="color:#B84E00">{}</span></b>',
}
SIGNS = {"right": "✓", "wrong": "✗"}


def escape(text: str) -> str:
    """`text` for Plotly, none of it read as a tag, an entity or, between dollar signs, a formula."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def wrapped(prompt: str, sample: str, columns: int, lines: int) -> str:
    """Prompt, in bold, and sample for Plotly, in at most `lines` lines of at most `columns` columns.

    Wide characters, as in Chinese and emoji, count as two columns.
    """
    return _shown([*_letters(prompt, "bold"), *_letters(sample, "")], columns, lines)


def filled(made: dict[str, Any], words: bool, columns: int, lines: int) -> str:
    """A text with its gaps filled (a frame's `meta["filled"]`) for Plotly, in lines as above.

    What is in a gap has a ✓ or a ✗ behind it, and a colour. words: tokens are words, with spaces between.
    """
    guesses = {gap["t"]: (gap["guess"], gap["guess"] == gap["true"]) for gap in made["gaps"]}
    letters: list[Letter] = []
    for t, token in enumerate(made["tokens"]):
        if t in guesses:
            guess, right = guesses[t]
            style = "right" if right else "wrong"
            letters += [(one, style) for one in (*split(guess, "characters"), SIGNS[style])]
        else:
            letters += _letters(_PLAINLY.get(token, token), "")
        if words:
            letters.append((" ", ""))
    return _shown(letters, columns, lines)


_PLAINLY = {"␣": " ", "↵": "\n", "⇥": "\t"}  # what stands for white space in a frame


def _letters(text: str, style: str) -> list[Letter]:
    return [(one, style) for one in split(normalise(text), "characters")]


def _shown(letters: list[Letter], columns: int, lines: int) -> str:
    shown = list(_lines(letters, columns))
    if len(shown) > lines:
        shown = [*shown[: lines - 1], [("…", "")]]
    return "<br>".join(_in_runs(line) for line in shown)


def _lines(letters: Iterable[Letter], columns: int) -> Iterator[list[Letter]]:
    line: list[Letter] = []
    for letter, style in letters:
        if letter == "\n":
            yield line
            line = []
            continue
        line += [(" ", style)] * 4 if letter == "\t" else [(letter, style)]
        while sum(_columns(one) for one, _ in line) > columns:
            # after the last space, or within a word that fills the line
            cut = max((k for k, (one, _) in enumerate(line, 1) if one == " "), default=len(line) - 1) or 1
            yield line[:cut]
            line = line[cut:]
    yield line


def _columns(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter[0]) in "WF" else 1


def _in_runs(line: list[Letter]) -> str:
    runs = groupby(line, lambda pair: pair[1])
    return "".join(STYLES[style].format(escape("".join(one for one, _ in run))) for style, run in runs)
