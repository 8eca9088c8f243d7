"""Tasks in which something has to be remembered over a lag: recall, adding, counting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lstm_core.config import IGNORED, MemoryConfig, TrainConfig, memory_length
from lstm_core.tasks.batch import Batch

if TYPE_CHECKING:
    from torch import Tensor

MEMORY_NAMES = {"recall": "Recall", "adding": "Adding", "counting": "Counting"}
MEMORY_ABOUT = {
    "recall": "One of 8 symbols comes first, then blanks, then a cue: which symbol was it?",
    "adding": "Two of many random numbers are marked, the first early, the second late: what is their sum?",
    "counting": "aⁿXbⁿ: after the X as many b have to come as there were a, and then the end.",
}
SYMBOLS = 8  # that recall draws from
BLANK, CUE = SYMBOLS, SYMBOLS + 1
A, X, B, END = range(4)  # the tokens of counting; the end also fills what is left of a sequence
VOCABULARY = {"recall": (*"ABCDEFGH", "·", "?"), "counting": ("a", "X", "b", "⏎")}
# Hochreiter & Schmidhuber (1997) call an answer right that is within 0.04 of a target between 0 and 1; the
# sum of two numbers lies between 0 and 2.
RIGHT = 0.08
VALIDATION_SEQUENCES = 64


class MemoryTask:
    """Sequences without end, made anew for every batch; nothing in them repeats but their rule.

    recall: a symbol, `lag` blanks, a cue, at which the symbol is to be said. adding (Hochreiter & Schmidhuber
    1997, as Le, Jaitly & Hinton 2015 pose it): at each step a number from [0, 1) and a mark; at the end the
    sum of the two numbers that were marked, one in the first tenth, one in the last. counting (Gers &
    Schmidhuber 2001): aⁿXbⁿ with n drawn from 1 to `lag`; only what follows from the a counts, that is the
    n b and the end.

    Attributes: `kind` ("memory"), `what` (of MEMORY_NAMES), `name`, `vocabulary` (a label for each token;
    empty for adding, which reads numbers), `vocab_size` (None for adding), `input_size` (numbers read at each
    step; None for tokens), `output_size`, `notes` (none).
    """

    kind: Literal["memory"] = "memory"
    notes: tuple[str, ...] = ()

    def __init__(self, config: MemoryConfig, train: TrainConfig) -> None:
        self.what = config.kind
        self.name = MEMORY_NAMES[config.kind]
        self.vocabulary = VOCABULARY.get(config.kind, ())
        self.vocab_size = len(self.vocabulary) or None
        self.input_size = None if self.vocab_size else 2
        self.output_size = self.vocab_size or 1

    def batch(self, rng: np.random.Generator, batch_size: int, lag: int, noise: float = 0.0) -> Batch:
        """Fresh sequences of T = `memory_length` steps: tokens (T, B) int64, or numbers (T, B, 2) float32
        with targets (T, B, 1). Nothing is disturbed: `noise` is there because other tasks have it.
        """
        if self.what == "counting":
            return _counting(rng.integers(1, lag + 1, batch_size), lag)
        if self.what == "adding":
            return _adding(rng, batch_size, lag)
        return _recall(rng.integers(0, SYMBOLS, batch_size), lag)

    def validation(self, lag: int) -> Batch:
        """The same sequences every time."""
        return self.batch(np.random.default_rng(0), VALIDATION_SEQUENCES, lag)

    def exam(self, rng: np.random.Generator, lag: int) -> Batch:
        """What tells whether a lag is bridged: every symbol once; 64 fresh sums; aⁿXbⁿ with n = lag."""
        if self.what == "recall":
            return _recall(np.arange(SYMBOLS), lag)
        return _counting(np.array([lag]), lag) if self.what == "counting" else _adding(rng, 64, lag)

    def right(self, predictions: Tensor, batch: Batch) -> Tensor:
        """1 for each sequence (B,) of which every step that counts is right, else 0.

        predictions (T, B, output_size): for tokens the likeliest one counts; for a sum an error up to RIGHT.
        """
        predictions, targets = predictions[batch.skip :], batch.targets[batch.skip :]
        if self.vocab_size is None:
            good = ((predictions - targets).abs() <= RIGHT).squeeze(-1)
        else:
            good = (predictions.argmax(-1) == targets) | (targets == IGNORED)
        return good.all(0).float()

    def chance(self, lag: int) -> float:
        """Accuracy of who remembers nothing and guesses well: any symbol, the mean sum 1, any n up to lag."""
        if self.what == "adding":  # the sum has a triangular density with its top at 1
            return 2 * RIGHT - RIGHT**2
        return 1 / (SYMBOLS if self.what == "recall" else lag)


def _recall(symbols: np.ndarray, lag: int) -> Batch:
    length = memory_length("recall", lag)
    inputs = np.full((length, len(symbols)), BLANK, np.int64)
    inputs[0], inputs[-1] = symbols, CUE
    targets = np.full_like(inputs, IGNORED)
    targets[-1] = symbols
    return Batch.of(inputs, targets, skip=length - 1)


def _adding(rng: np.random.Generator, batch_size: int, lag: int) -> Batch:
    length = memory_length("adding", lag)
    sequences, tenth = np.arange(batch_size), max(1, length // 10)
    inputs = np.zeros((length, batch_size, 2), np.float32)
    inputs[:, :, 0] = rng.random((length, batch_size), np.float32)
    first, second = rng.integers(0, tenth, (2, batch_size))
    second = length - 1 - second
    inputs[first, sequences, 1] = inputs[second, sequences, 1] = 1
    targets = np.zeros((length, batch_size, 1), np.float32)
    targets[-1, :, 0] = inputs[first, sequences, 0] + inputs[second, sequences, 0]
    return Batch.of(inputs, targets, skip=length - 1)


def _counting(n: np.ndarray, lag: int) -> Batch:
    t = np.arange(memory_length("counting", lag))[:, None]
    inputs = np.select([t < n, t == n, t <= 2 * n], [A, X, B], END)
    # what follows from the a: a b after the X and after all b but the last, and then the end
    targets = np.select([t < n, t < 2 * n, t == 2 * n], [IGNORED, B, END], IGNORED)
    return Batch.of(inputs, targets)
