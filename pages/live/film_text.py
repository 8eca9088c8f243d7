"""Text in a Plotly figure, which would read tags and entities in it: here it is shown letter by letter."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

from lstm_core.tasks.tokens import normalise, split

Letter = tuple[str, bool]  # a character as a reader sees it, and whether it is bold


def plain(text: str) -> str:
    """`text` for Plotly, none of it read as a tag, an entity or, between dollar signs, a formula."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def wrapped(prompt: str, sample: str, columns: int, lines: int) -> str:
    """Prompt, in bold, and sample for Plotly, in at most `lines` lines of at most `columns` columns.

    Wide characters, as in Chinese and emoji, count as two columns.
    """
    letters = [(one, True) for one in split(normalise(prompt), "characters")]
    letters += [(one, False) for one in split(normalise(sample), "characters")]
    shown = list(_lines(letters, columns))
    if len(shown) > lines:
        shown = [*shown[: lines - 1], [("…", False)]]
    return "<br>".join(_in_runs(line) for line in shown)


def _lines(letters: Iterable[Letter], columns: int) -> Iterator[list[Letter]]:
    line: list[Letter] = []
    for letter, bold in letters:
        if letter == "\n":
            yield line
            line = []
            continue
        line += [(" ", bold)] * 4 if letter == "\t" else [(letter, bold)]
        while sum(_columns(one) for one, _ in line) > columns:
            # after the last space, or within a word that fills the line
            cut = max((k for k, (one, _) in enumerate(line, 1) if one == " "), default=len(line) - 1) or 1
            yield line[:cut]
            line = line[cut:]
    yield line


def _columns(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter[0]) in "WF" else 1


def _in_runs(line: list[Letter]) -> str:
    runs = (
        (bold, plain("".join(one for one, _ in run))) for bold, run in groupby(line, lambda pair: pair[1])
    )
    return "".join(f"<b>{text}</b>" if bold else text for bold, text in runs)
