"""A series to learn from: predict each next value."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from lstm_core.config import SeriesConfig, TrainConfig
from lstm_core.config.fields import limits
from lstm_core.tasks.batch import Batch, random_windows
from lstm_core.tasks.generators import generate

SERIES_NAMES = {
    "sine": "Sine",
    "two sines": "Two sines",
    "square": "Square wave",
    "sawtooth": "Sawtooth",
    "triangle": "Triangle wave",
    "damped": "Damped swing",
    "chirp": "Chirp",
    "mackey-glass": "Mackey-Glass",
    "sunspots": "Sunspots",
    "stocks": "Stock prices",
    "own": "Your own series",
}
SERIES_ABOUT = {
    "sine": "One steady swing: the network learns it in seconds and can then continue it by itself.",
    "two sines": "Two swings at once whose sum never repeats exactly: two rhythms have to be kept in step.",
    "square": "Flat, then a sudden jump: between the jumps the network has to count how long it has waited.",
    "sawtooth": "A steady rise and a sudden fall: the value itself tells when to jump.",
    "triangle": "Straight lines up and down: the direction has to be remembered.",
    "damped": "A swing that dies away and is struck again: the next strike has to be timed.",
    "chirp": "A swing that grows faster and slower: the speed itself has to be remembered.",
    "mackey-glass": "A chaotic curve from physiology: easy to predict one step ahead, impossible for long.",
    "sunspots": "Spots on the Sun each year from 1700 to 2008: a rhythm of about 11 years, never regular.",
    "stocks": "Weekly closing prices of 2018 and 2019: hard to do better than to repeat the last value.",
    "own": "A column of numbers that you upload: the network learns to continue it.",
}
# Which settings of SeriesConfig act on which kind, beside `kind` itself.
SERIES_SETTINGS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("sine", "two sines", "square", "sawtooth", "triangle", "damped", "chirp"),
        ("period", "amplitude", "phase", "noise"),
    ),
    "mackey-glass": ("noise",),
    "sunspots": (),
    "stocks": ("stock",),
    "own": ("column", "values"),
}
STOCK_NAMES = {
    "GOOG": "Google",
    "AAPL": "Apple",
    "AMZN": "Amazon",
    "FB": "Facebook",
    "NFLX": "Netflix",
    "MSFT": "Microsoft",
}

LONGEST_VALIDATION = 1_000  # values
_LARGEST_SCALED = 1e6  # standard deviations from the mean; beyond it, no loss means anything
_SPARE = 8  # training values beyond one window, so that windows differ
_STEADY = ("sine", "two sines", "square", "sawtooth", "triangle", "damped")  # they have one known period

Array = npt.NDArray[np.float64]


class _Data(NamedTuple):
    name: str
    values: Array
    x: Sequence[int] | Sequence[str]
    x_title: str = "sample"
    unit: str = ""
    period: float | None = None
    notes: tuple[str, ...] = ()


class SeriesTask:
    """A series, standardised: the first four fifths train, the rest validates.

    Attributes: `kind` ("series"), `name`, `unit` (of the values; may be empty), `values` ((N,) float64, raw),
    `x` (a label for each value: sample number, year or ISO date) and `x_title`, `split` (index of the first
    value that validates), `mean` and `std` (of the training part alone), `scaled` ((N,) float32, mean 0 and
    standard deviation 1 in the training part), `period` (samples, or None if there is not one), `naive_rmse`
    (root mean square error of "the same as the last value", over the values that `validation` holds, in the
    series' own units), `notes` (sentences for the page).

    Raises ValueError, with a sentence for the page, if the series is too short for the sequence length, has
    values that are not finite, or never changes in its training part.
    """

    kind: Literal["series"] = "series"

    def __init__(self, config: SeriesConfig, train: TrainConfig) -> None:
        data = _load(config, train.seed)
        self.name, self.values, self.x, self.x_title, self.unit, self.period, self.notes = data
        self.split = int(0.8 * len(self.values))
        _check(self.values, self.split, train.sequence_length)

        training = self.values[: self.split]
        with np.errstate(all="ignore"):  # what overflows is refused
            self.mean, self.std = float(training.mean()), float(training.std())
            scaled = ((self.values - self.mean) / self.std).astype(np.float32)
            usable = np.isfinite(self.std) and self.std > 0 and np.abs(scaled).max() < _LARGEST_SCALED
        if not usable:
            raise ValueError(
                "The values differ so much in size that they cannot be compared: rescale or clean the series."
            )
        self.scaled = scaled
        last = self.split + LONGEST_VALIDATION
        steps = np.diff(scaled[self.split - 1 : last].astype(np.float64))
        self.naive_rmse = float(np.sqrt(np.mean(steps**2))) * self.std

    @overload
    def scale(self, values: Array) -> Array: ...
    @overload
    def scale(self, values: float) -> float: ...
    def scale(self, values: Array | float) -> Array | float:
        """From the series' own units to what the network reads."""
        return (values - self.mean) / self.std

    @overload
    def unscale(self, values: Array) -> Array: ...
    @overload
    def unscale(self, values: float) -> float: ...
    def unscale(self, values: Array | float) -> Array | float:
        """From what the network writes to the series' own units."""
        return values * self.std + self.mean

    def batch(self, rng: np.random.Generator, batch_size: int, length: int, noise: float = 0.0) -> Batch:
        """Random windows of the training part, as (length, batch_size, 1) float32.

        `noise` is the standard deviation of normal noise on the inputs, in scaled units; the targets
        stay true. The first quarter of a window only warms the state up: from a value or two nobody can tell
        where in its swing a series is, and a network that is asked to guess forecasts worse for it.
        """
        windows = self.scaled[random_windows(rng, self.split, batch_size, length)][:, :, None]
        inputs, targets = windows[:-1], windows[1:]
        if noise > 0:
            inputs = inputs + noise * rng.standard_normal(inputs.shape, dtype=np.float32)
        return Batch.of(inputs, targets, skip=length // 4)

    def validation(self, length: int) -> Batch:
        """One sequence (T', 1, 1) float32: at most `length` training steps to warm up, which `skip` counts,
        then one step for each value of the validation part (of its first 1,000).
        """
        warm_up = min(length, self.split - 1)
        stretch = self.scaled[self.split - 1 - warm_up : self.split + LONGEST_VALIDATION, None, None]
        return Batch.of(stretch[:-1], stretch[1:], skip=warm_up)


def _check(values: Array, split: int, length: int) -> None:
    """Raises ValueError if the values cannot be learnt with windows of `length`."""
    if not np.isfinite(values).all():
        raise ValueError("The series has gaps or infinite values: fill or remove them.")
    longest = split - _SPARE
    if longest < length:
        shortest = limits(TrainConfig, "sequence_length")["low"]
        lower = f"lower the sequence length to at most {longest} or " if longest >= shortest else ""
        raise ValueError(
            f"The series has {len(values):,} values, of which {split:,} train, and that is too short for a "
            f"sequence length of {length}: {lower}give a longer series."
        )
    if values[:split].min() == values[:split].max():
        raise ValueError(
            "The series does not change in its first four fifths, so that there is nothing to learn: choose "
            "another column."
        )


def _load(config: SeriesConfig, seed: int) -> _Data:
    if config.kind == "sunspots":
        return _sunspots()
    if config.kind == "stocks":
        return _stocks(config.stock)
    if config.kind == "own":
        values = np.array(config.values, np.float64)
        return _Data(config.column or SERIES_NAMES["own"], values, list(range(len(values))))
    values = generate(config, seed)
    period = config.period if config.kind in _STEADY else None
    return _Data(SERIES_NAMES[config.kind], values, list(range(len(values))), period=period)


@functools.lru_cache(maxsize=1)
def _sunspots() -> _Data:
    """Yearly mean sunspot numbers 1700–2008.

    Source: SILSO, World Data Center for the sunspot index, Royal Observatory of Belgium, Brussels; version 1
    of the series, as in the public-domain copy of the US National Geophysical Data Center.
    """
    lines = (Path(__file__).parent / "sunspots.csv").read_text(encoding="ascii").split()[1:]
    rows = [line.split(",") for line in lines]
    values = np.array([float(number) for _, number in rows])
    note = "Yearly mean sunspot numbers, version 1, from SILSO at the Royal Observatory of Belgium."
    return _Data(
        SERIES_NAMES["sunspots"], values, [int(year) for year, _ in rows], "year", "sunspots", 11.0, (note,)
    )


def _stocks(stock: str) -> _Data:
    """Weekly closing prices of 2018 and 2019, relative to the first: `plotly.data.stocks()` as a file."""
    lines = (Path(__file__).parent / "stocks.csv").read_text(encoding="ascii").split()
    column = lines[0].split(",").index(stock)
    rows = [line.split(",") for line in lines[1:]]
    note = (
        f"Only {len(rows)} weekly prices, as bundled with Plotly: enough to try, too few to learn a market."
    )
    return _Data(
        f"Stock price: {STOCK_NAMES[stock]}",
        np.array([float(row[column]) for row in rows]),
        [row[0] for row in rows],
        "date",
        "relative price",
        notes=(note,),
    )
