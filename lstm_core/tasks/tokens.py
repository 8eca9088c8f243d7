"""From text to tokens and back: characters or words, and the choice of the ones worth keeping."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

UNKNOWN = "▢"  # stands for every symbol that the vocabulary leaves out
LIMITS = {"characters": 1_000, "words": 2_000}

# Longer tokens are cut, lest one "character" with a million accents or one endless word fill the screen.
# The longest emoji sequence in use has 10 code points.
_LONGEST_CLUSTER = 16
_LONGEST_WORD = 40

_SURROGATES = re.compile("[\ud800-\udfff]")
_MARKS = regex.compile(r"\p{M}{17,}")
# Scripts that are written without spaces: here each character is its own token.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}ー々\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTERS = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{_SPACELESS}]]"
# Flags are pairs of regional indicators; \X finds the pairs too, but recounts a row of them for each.
_ANY = r"(?:[\U0001F1E6-\U0001F1FF]{2}[\p{M}\u200D]*+|\X)"
_CLUSTER = regex.compile(_ANY)
_WORD = regex.compile(
    rf"(?V1)\n|(?=[{_SPACELESS}])\X|{_LETTERS}{{1,{_LONGEST_WORD}}}(?:['’]{_LETTERS}{{1,8}}){{0,3}}|(?!\s){_ANY}"
)
_SPACELESS_START = regex.compile(rf"(?V1)[{_SPACELESS}]")

_NO_SPACE_BEFORE = frozenset(",.;:!?)]}’”»%…、。，！？：；）」』》、")
_NO_SPACE_AFTER = frozenset("([{“‘„«¿¡#@$£€（「『《、。，！？：；）」』》")
_GLUE = frozenset("-/_")
_QUOTES = frozenset("\"'")


class Vocabulary(NamedTuple):
    """The tokens that are kept, in a fixed order; `unknown` is the index of ▢, or None if all are kept.

    `seen` is the number of different tokens in the text, `coverage` the share of the text that is kept.
    """

    tokens: list[str]
    unknown: int | None
    seen: int
    coverage: float


def normalise(text: str) -> str:
    """Unicode NFC with plain newlines; lone surrogates, which no file can hold, become "�"."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    text = _SURROGATES.sub("\ufffd", text)
    # normalising sorts each run of marks, in time that grows with its square; no script has such runs
    return unicodedata.normalize("NFC", _MARKS.sub(lambda run: run[0][:_LONGEST_CLUSTER], text))


def split(text: str, level: str) -> list[str]:
    """The tokens of a normalised text, at the level "characters" or "words".

    Characters are extended grapheme clusters (Unicode Standard Annex 29): an accented letter or an emoji
    is one token, however many code points it takes; joined, they give the text again. Words keep their
    inner apostrophes and their case; each other mark and each newline is its own token, spaces are not,
    and scripts written without spaces give one token per character.
    """
    if level == "words":
        return list(_WORD.findall(text))
    # no combining marks below U+0300, so that each code point is a cluster: ten times as fast
    if text.isascii() or max(text) < "\u0300":
        return list(text)
    clusters: list[str] = _CLUSTER.findall(text)
    if max(map(len, clusters)) <= _LONGEST_CLUSTER:
        return clusters
    return [
        cluster[start : start + _LONGEST_CLUSTER]
        for cluster in clusters
        for start in range(0, len(cluster), _LONGEST_CLUSTER)
    ]


def build_vocabulary(tokens: Sequence[str], limit: int) -> Vocabulary:
    """The `limit` most frequent tokens (ties: whichever came first), sorted; then ▢ if any is left out."""
    counts = Counter(tokens)
    if len(counts) <= limit:
        return Vocabulary(sorted(counts), None, len(counts), 1.0)
    seen = len(counts)
    counts.pop(UNKNOWN, None)  # the text's own ▢ is as good as any symbol left out
    kept = dict(counts.most_common(limit))
    return Vocabulary([*sorted(kept), UNKNOWN], limit, seen, sum(kept.values()) / len(tokens))


def join_words(words: Sequence[str]) -> str:
    """Words and marks as a person would space them: none before a comma, none after an open bracket."""
    return "".join(spaced(words))


def spaced(words: Sequence[str]) -> list[str]:
    """The same in pieces: each word with the space before it, if there is one."""
    pieces: list[str] = []
    open_quotes: set[str] = set()
    attach = True  # whether the next token follows without a space
    for position, word in enumerate(words):
        closing = word in open_quotes
        if word == "\n":
            attach = True
            open_quotes.clear()
        elif closing or word in _NO_SPACE_BEFORE or word in _GLUE:
            attach = True
        elif not attach:
            attach = all(_SPACELESS_START.match(side) for side in words[position - 1 : position + 1])
        pieces.append(word if attach else " " + word)

        attach = word == "\n" or word in _NO_SPACE_AFTER or word in _GLUE
        if closing:
            open_quotes.discard(word)
            attach = False
        elif word in _QUOTES:
            open_quotes.add(word)
            attach = True
        elif word == "„":
            open_quotes.add("“")  # in German it closes, in English it opens
        elif word in (".", ":") and 0 < position < len(words) - 1:
            # 3.14 and 08:15
            attach = words[position - 1].isdigit() and words[position + 1].isdigit()
    return pieces


def visible(token: str) -> str:
    """The token as a label: blanks and control characters get a sign or their code point."""
    named = {" ": "␣", "\n": "↵", "\t": "⇥", "\x7f": "␡"}.get(token)
    if named is not None:
        return named
    if len(token) == 1 and ord(token) < 32:
        return chr(0x2400 + ord(token))  # the control pictures stand in the order of the controls
    category = unicodedata.category(token[:1] or " ")
    if category.startswith("M"):
        return "◌" + token  # a mark needs something to stand on
    if category[0] in "CZ":
        return " ".join(f"U+{ord(sign):04X}" for sign in token)
    return token
