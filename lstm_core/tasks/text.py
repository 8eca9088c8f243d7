"""A text to learn from: predict each next character or word, or fill gaps."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_core.config import IGNORED, TextConfig, TrainConfig
from lstm_core.config.fields import limits
from lstm_core.tasks.batch import Batch, random_windows
from lstm_core.tasks.corpora import CORPUS_NAMES, corpus_text
from lstm_core.tasks.tokens import (
    LIMITS,
    UNKNOWN,
    Vocabulary,
    build_vocabulary,
    join_words,
    normalise,
    split,
    visible,
)

LONGEST_TEXT = 2_000_000  # characters
_VALIDATION_SHARE = 10  # the last tenth
_VALIDATION_SEQUENCES = 32
GAP_SHARE = 0.15  # of the tokens are gaps while training
_PROMPT_SEARCH = 2_000  # tokens in which a prompt is looked for
BLANK = "▢"  # what a gap looks like
_EVERY = 6  # token of a text that is looked at is a gap

_PROMPTS = {"tales": "The ", "rhymes": "The ", "counting": "\naaaa", "brackets": "\n([", "python": "def "}
_PROBE_LENGTH = {"characters": 48, "words": 16}


class _Prepared(NamedTuple):
    """What is made of a text once, whatever the training settings."""

    tokens: npt.NDArray[np.int16]
    vocabulary: Vocabulary
    notes: tuple[str, ...]


@functools.lru_cache(maxsize=16)
def _prepare(corpus: str, level: str, own_text: str) -> _Prepared:
    text = own_text if corpus == "own" else corpus_text(corpus)
    if not text.strip():
        raise ValueError("The text is empty: paste some, or choose one from the list.")
    if len(text) > LONGEST_TEXT:
        raise ValueError(
            f"The text has {len(text):,} characters and at most {LONGEST_TEXT:,} fit: use a part of it."
        )
    clean = normalise(text)
    tokens = split(clean, level)
    vocabulary = build_vocabulary(tokens, LIMITS[level])
    if vocabulary.seen < 2:
        raise ValueError(
            "The text repeats one symbol only, so that there is nothing to predict: use a text with at least "
            f"two different {level}."
        )
    notes = []
    if vocabulary.unknown is not None:
        # rounded down, so that it never claims all
        percent = math.floor(vocabulary.coverage * 1000) / 10
        what = "words and marks" if level == "words" else level
        notes.append(
            f"The text has {vocabulary.seen:,} different {what}; the {LIMITS[level]:,} most frequent are "
            f"kept, which covers {percent} % of it; the rest are shown as {UNKNOWN}."
        )
    index = {token: number for number, token in enumerate(vocabulary.tokens)}
    unknown = vocabulary.unknown or 0
    numbers = (index.get(token, unknown) for token in tokens)
    return _Prepared(np.fromiter(numbers, np.int16, len(tokens)), vocabulary, tuple(notes))


class TextTask:
    """A text as tokens: the first nine tenths train, the last tenth (at least 2 tokens) validates.

    With the goal "next", each token is to be predicted from those before. With "gaps", some of the tokens
    that are read are `blank`, and are to be guessed from what stands around them.

    Attributes: `kind` ("text"), `name`, `goal`, `level` ("characters" or "words"), `vocabulary` (what each
    token stands for), `vocab_size` (at most 1,001 characters or 2,001 words, ▢ included), `unknown` (the
    index of ▢, or None if no symbol is left out), `blank` (the token of a gap, one beyond the vocabulary),
    `input_tokens` (how many different tokens are read: the gap counts where there are any), `train_tokens`
    and `valid_tokens` ((N,) int16), `notes` (sentences for the page), `default_probe` (a stretch of the
    validation part to look at) and `default_prompt` (to begin writing from).

    Raises ValueError, with a sentence for the page, if the text is empty, too long, too short for the
    sequence length or holds fewer than two different tokens.
    """

    kind: Literal["text"] = "text"

    def __init__(self, config: TextConfig, train: TrainConfig) -> None:
        own_text = config.text if config.corpus == "own" else ""
        tokens, vocabulary, self.notes = _prepare(config.corpus, config.level, own_text)
        self.name = CORPUS_NAMES[config.corpus]
        self.level = config.level
        self.vocabulary = vocabulary.tokens
        self.vocab_size = len(vocabulary.tokens)
        self.unknown = vocabulary.unknown
        self.goal = config.goal
        self.blank = self.vocab_size
        self.input_tokens = self.vocab_size + (self.goal == "gaps")
        self._index = {token: number for number, token in enumerate(self.vocabulary)}

        held_out = max(2, len(tokens) // _VALIDATION_SHARE)
        if len(tokens) - held_out <= train.sequence_length:
            raise ValueError(_too_short(len(tokens), held_out, train.sequence_length, config.level))
        self.train_tokens, self.valid_tokens = tokens[:-held_out], tokens[-held_out:]
        self.default_probe = self._probe()
        self.default_prompt = self._prompt(config.corpus)

    def encode(self, text: str) -> list[int]:
        """The tokens of any text. Symbols that were left out become ▢, or are skipped if there is no ▢."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[list[int], list[tuple[int, str]]]:
        """As `encode`, and every symbol of the text that the vocabulary lacks, with the number of tokens
        before it.
        """
        index = self._index
        numbers: list[int] = []
        lacking = []
        for token in split(normalise(text), self.level):
            number = index.get(token)
            if number is None and self.level == "words":
                number = index.get(token.lower(), index.get(token.capitalize()))
            if number is None:
                lacking.append((len(numbers), token))
                number = self.unknown
            if number is not None:
                numbers.append(number)
        return numbers, lacking

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some tokens, each in [0, vocab_size); words get the spaces that belong between them."""
        tokens = [self.vocabulary[number] for number in ids]
        return join_words(tokens) if self.level == "words" else "".join(tokens)

    def display(self, token: int) -> str:
        """A visible label for one token: a space is "␣", a newline "↵", a tab "⇥", a gap "▢"."""
        return BLANK if token == self.blank else visible(self.vocabulary[token])

    def batch(self, rng: np.random.Generator, batch_size: int, length: int, noise: float = 0.0) -> Batch:
        """Random windows of the training part, as (length, batch_size) int64.

        `noise` in [0, 1] is the share of input tokens that are replaced by tokens drawn uniformly; the
        targets stay true, and gaps stay gaps. Of gaps there is at least one.
        """
        indices = random_windows(rng, len(self.train_tokens), batch_size, length)
        windows = self.train_tokens[indices].astype(np.int64)
        if self.goal == "gaps":
            inputs, targets = self._with_gaps(windows[:-1], _random_gaps(rng, windows[:-1].shape))
        else:
            inputs, targets = windows[:-1], windows[1:]
        if noise > 0:
            hit = (rng.random(inputs.shape) < noise) & (inputs != self.blank)
            inputs = np.where(hit, rng.integers(0, self.vocab_size, inputs.shape), inputs)
        return Batch.of(inputs, targets)

    def validation(self, length: int) -> Batch:
        """The same windows every time, with the same gaps, spread evenly over the validation part: at most
        32, (length, B) int64.

        If the part is shorter than that, so is the window.
        """
        last = len(self.valid_tokens) - 1
        length = min(length, last)
        count = min(_VALIDATION_SEQUENCES, last // length)
        starts = np.linspace(0, last - length, count).astype(np.int64)
        windows = self.valid_tokens[np.arange(length + 1)[:, None] + starts].astype(np.int64)
        inputs, targets = windows[:-1], windows[1:]
        if self.goal == "gaps":
            inputs, targets = self._with_gaps(inputs, _random_gaps(np.random.default_rng(0), inputs.shape))
        return Batch.of(inputs, targets)

    def gaps_of(self, tokens: Sequence[int]) -> list[int]:
        """The steps of a text to look at that are shown as gaps: every sixth, never the first; none of a text
        of one token, and none where the goal is "next"."""
        if self.goal != "gaps":
            return []
        return list(range(min(_EVERY // 2, len(tokens) - 1), len(tokens), _EVERY)) if len(tokens) > 1 else []

    def _with_gaps(
        self, tokens: npt.NDArray[np.int64], gaps: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """What is read, and what is to be guessed."""
        return np.where(gaps, self.blank, tokens), np.where(gaps, tokens, IGNORED)

    def _probe(self) -> str:
        """The validation part from its first new line on, or else its first new word."""
        wanted = _PROBE_LENGTH[self.level]
        head = [self.vocabulary[number] for number in self.valid_tokens[: 10 * wanted]]
        start = 0
        for mark in ("\n", " ") if self.level == "characters" else ("\n", "."):
            # not where too little would be left to look at
            if mark in head[: max(0, len(head) - wanted // 2)]:
                start = head.index(mark) + 1
                while head[start] == "\n" and start < len(head) - 1:
                    start += 1
                break
        return self.decode(self.valid_tokens[start : start + wanted])

    def _prompt(self, corpus: str) -> str:
        """What suits the corpus; for others its first word, of at most 12 characters, all of them known."""
        beginning = self.decode(self._known(12)).strip()
        first_word = beginning.split(maxsplit=1)[0] if beginning else ""
        for prompt in (_PROMPTS.get(corpus, ""), first_word + " ", first_word):
            tokens = self.encode(prompt)
            if prompt.strip() and tokens and self.decode(tokens).strip() == prompt.strip():
                return prompt
        return self.decode(self._known(1))

    def _known(self, count: int) -> list[int]:
        """The first `count` tokens in a row without ▢; of the longest row if there is none of so many."""
        best: list[int] = []
        row: list[int] = []
        for token in self.train_tokens[:_PROMPT_SEARCH].tolist():
            row = [] if token == self.unknown else [*row, token]
            best = max(best, row, key=len)  # the first one of a length
            if len(best) == count:
                break
        return best


def _random_gaps(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Gaps at random places; at one if there is no other."""
    chances = rng.random(shape)
    return (chances < GAP_SHARE) | (chances == chances.min())


def _too_short(size: int, held_out: int, length: int, level: str) -> str:
    """One sentence that names both lengths and what to do."""
    longest, shortest = size - held_out - 1, limits(TrainConfig, "sequence_length")["low"]
    lower = f" or lower the sequence length to at most {longest}" if longest >= shortest else ""
    return (
        f"The text has {size:,} {level}, of which the last {held_out} are kept for validation, and that is "
        f"too short for a sequence length of {length}: paste more text{lower}."
    )
