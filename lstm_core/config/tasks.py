"""What a network learns from: a text, a series, or a task of memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from lstm_core.config.fields import Checked, one_of, ranged

CORPORA = ("tales", "rhymes", "counting", "brackets", "log", "python", "own")
SERIES = (
    "sine",
    "two sines",
    "square",
    "sawtooth",
    "triangle",
    "damped",
    "chirp",
    "mackey-glass",
    "sunspots",
    "stocks",
    "own",
)
MEMORY_TASKS = ("recall", "adding", "counting")
IGNORED = -100  # a target that does not count, as in torch's cross-entropy
STOCKS = ("GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT")


@dataclass(frozen=True)
class TextConfig(Checked):
    """A text to learn from. `text` is used when `corpus` is "own"."""

    corpus: str = one_of("tales", CORPORA, "The text that the network learns to continue.")
    level: str = one_of("characters", ("characters", "words"), "What one token is.")
    text: str = field(default="", repr=False)
    goal: str = one_of(
        "next",
        ("next", "gaps"),
        "Say what comes next; or fill gaps, for which a network may read from both sides.",
    )


@dataclass(frozen=True)
class SeriesConfig(Checked):
    """A series to learn from. Lengths and periods are in samples, amplitudes in the series' own units.

    `values` (and `column`, its name) are used when `kind` is "own"; `stock` when it is "stocks".
    """

    kind: str = one_of("sine", SERIES, "The series that the network learns to continue.")
    period: float = ranged(25.0, 4.0, 200.0, "Samples in one full swing.")
    amplitude: float = ranged(1.0, 0.01, 1000.0, "Half the distance between crest and trough.")
    phase: float = ranged(0.0, 0.0, 360.0, "Where in the swing the series begins, in degrees.")
    noise: float = ranged(
        0.0, 0.0, 2.0, "Standard deviation of the noise in the data, in units of the amplitude."
    )
    stock: str = one_of("GOOG", STOCKS, "Which weekly closing price, relative to January 2018.")
    column: str = "value"
    values: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class MemoryConfig(Checked):
    """A task in which something has to be remembered over `lag` steps (of `Knobs`)."""

    kind: str = one_of("recall", MEMORY_TASKS, "What has to be remembered.")
