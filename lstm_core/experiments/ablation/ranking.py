"""How the variants stand, and what may be said of it.

A difference from the plain LSTM counts when the losses of the seeds do not overlap and the means lie more
than three standard deviations over the seeds apart. If all nine were alike, with three seeds each, at least
one of the eight would be called different in 2 of 100 experiments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lstm_core.experiments.ablation.variants import PLAIN, VARIANTS

RECENT = 3  # validations that are averaged, since each moves up and down
FEWEST = 3  # seeds, below which a spread says little
SPREADS = 3.0  # apart, for a difference to count
SMALLEST = 0.01  # nats, or 1 % of an error: less is not worth a word
LEARNT = 0.1  # nats, or 10 % of an error, by which the best loss has to fall before anything is compared
TINY = 1e-12  # squared error below which all is rounding
NAMED = 2  # variants in what is said, at most; the others are counted


def awaits(squared: bool) -> str:
    """What a first sentence waits for."""
    fall = f"{100 * (1 - math.exp(-LEARNT)):.0f} %" if squared else f"{LEARNT:g} nats"
    return f"as soon as the best validation loss has fallen by {fall}."


class Result(NamedTuple):
    """One variant. `losses` by seed, NaN where it has diverged; `loss` their mean (of squared errors the
    geometric one), `low` and `high`. `difference` of the mean from the plain LSTM's and `spread` over the
    seeds, a standard deviation (of this variant, of the plain LSTM, or the usual one: the largest of them),
    are in nats, or natural logarithms of ratios of errors.

    `verdict`: "plain"; "worse", "better", or "open" (within the spread); "early" (nothing has been learnt
    yet); "unknown" (too few seeds, or the plain LSTM has diverged); or "diverged" (at least one seed).
    """

    losses: tuple[float, ...]
    loss: float
    low: float
    high: float
    difference: float
    spread: float
    verdict: str


class Ranking(NamedTuple):
    """`results` of all variants. `squared`: whether their losses are squared errors."""

    results: tuple[Result, ...]
    squared: bool

    @property
    def order(self) -> list[int]:
        """The variants, lowest loss first; those of which no network is left come last."""
        losses = [result.loss for result in self.results]
        return sorted(range(len(losses)), key=lambda number: (math.isnan(losses[number]), losses[number]))

    def rows(self) -> list[dict[str, Any]]:
        """A row of plain values for each variant, with its place in the order, counted from 1."""
        places = {number: place for place, number in enumerate(self.order, start=1)}
        pairs = zip(VARIANTS, self.results, strict=True)
        return [
            variant._asdict() | result._asdict() | {"losses": list(result.losses), "place": places[number]}
            for number, (variant, result) in enumerate(pairs)
        ]

    def observation(self, step: int) -> str:
        """What these losses say, in a few sentences; what they do not support is not said. "" for nothing."""
        after = f"After {step:,} step{'' if step == 1 else 's'}"
        plain, seeds = self.results[PLAIN].verdict, len(self.results[PLAIN].losses)
        if plain == "early":
            return ""
        if plain == "diverged":
            return (
                f"The plain LSTM has diverged ({self._broken(PLAIN)}): there is nothing to compare with. "
                "Lower the learning rate and press Reset."
            )
        if seeds < FEWEST:
            losses = sorted(result.loss for result in self.results if not math.isnan(result.loss))
            said = [
                f"{after} the losses lie between {losses[0]:.3g} and {losses[-1]:.3g}, but with {seeds} "
                f"seed{'' if seeds == 1 else 's'} nobody can tell that from luck: choose {FEWEST} or more."
            ]
        else:
            said = self._compared(after)
        if broken := self.having("diverged"):
            each = [f"{VARIANTS[number].phrase} ({self._broken(number)})" for number in broken[:NAMED]]
            more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
            said.append(f"Diverged: {', '.join(each)}{more}.")
        return " ".join(said)

    def having(self, verdict: str) -> list[int]:
        """The variants of this verdict, the largest difference first."""
        numbers = [number for number, result in enumerate(self.results) if result.verdict == verdict]
        return sorted(numbers, key=lambda number: -abs(np.nan_to_num(self.results[number].difference)))

    def _compared(self, after: str) -> list[str]:
        worse, better, rest = (self.having(verdict) for verdict in ("worse", "better", "open"))
        if not worse and not better:
            return [
                f"{after} every difference from the plain LSTM is within the spread over the seeds: these "
                "losses do not support a ranking yet."
            ]
        said: list[str] = []
        for numbers, word in ((worse, "worse"), (better, "better")):
            if not numbers:
                continue
            named = numbers[: 1 if worse and better else NAMED]
            first, *others = named
            phrase = VARIANTS[first].phrase
            if said:  # the words of the sentence before still count
                subject, spread = f"{phrase[0].upper()}{phrase[1:]} it", self._spread(first)
            else:
                subject, spread = f"{after} the LSTM {phrase}", f"spread over seeds {self._spread(first)}"
            text = f"{subject} {self._claim(first, word, full=not said)} ({spread})"
            for number in others:
                text += f", {VARIANTS[number].phrase} {self._amount(number)} ({self._spread(number)})"
            if more := len(numbers) - len(named):
                text += f"; {more} more {'is' if more == 1 else 'are'} {word}"
            said.append(f"{text}.")
        if rest:
            them = f"the other {len(rest)}" if len(rest) > 1 else "the other one"
            said.append(f"With {them} the difference is within the spread.")
        return said

    def _claim(self, number: int, word: str, full: bool) -> str:
        if self.squared:
            what = "the squared error of the plain LSTM" if full else "that error"
            return f"makes {self._amount(number)} {what}"
        return f"is {self._amount(number)} nats {word}{' than the plain LSTM' if full else ''}"

    def _amount(self, number: int) -> str:
        difference = self.results[number].difference
        return _times(difference) if self.squared else _nats(abs(difference))

    def _spread(self, number: int) -> str:
        spread = self.results[number].spread
        return _times(spread) if self.squared else _nats(spread)

    def _broken(self, number: int) -> str:
        losses = self.results[number].losses
        return f"{sum(map(math.isnan, losses))} of {len(losses)} seeds"


def ranking(recent: Sequence[np.ndarray], first: np.ndarray, squared: bool) -> Ranking:
    """How the variants stand after the validations `recent`, each (V, S), NaN for what has diverged; `first`
    is the first one of all.
    """
    tables = np.array([first, *recent], np.float64)
    if squared:  # errors are compared by their ratio
        tables = np.log(np.maximum(tables, TINY))
    now = tables[1:].mean(0)
    seeds = now.shape[1]
    alive = np.ma.masked_invalid(now)
    mean, low, high = (np.ma.filled(end, np.nan) for end in (alive.mean(1), alive.min(1), alive.max(1)))
    whole = ~np.isnan(now).any(1)
    spread = now.std(1, ddof=1) if seeds > 1 else np.zeros(len(now))
    typical = np.median(spread[whole]) if whole.any() else math.nan
    learnt = any(tables[0][whole].mean(1) - mean[whole] > LEARNT)
    results = []
    for number in range(len(VARIANTS)):
        difference = mean[number] - mean[PLAIN]
        # that of a variant alone may be small by chance
        own = np.nanmax([spread[number], spread[PLAIN], typical]) if whole.any() else math.nan
        apart = low[number] > high[PLAIN] or high[number] < low[PLAIN]
        if not whole[number]:
            verdict = "diverged"
        elif not learnt:
            verdict = "early"
        elif number == PLAIN:
            verdict = "plain"
        elif not whole[PLAIN] or seeds < FEWEST:
            verdict = "unknown"
        elif apart and abs(difference) > max(SPREADS * own, SMALLEST):
            verdict = "worse" if difference > 0 else "better"
        else:
            verdict = "open"
        values = now[number], mean[number], low[number], high[number]
        losses, loss, least, most = (np.exp(value) if squared else value for value in values)
        ends = float(loss), float(least), float(most)
        results.append(Result(tuple(losses.tolist()), *ends, float(difference), float(own), verdict))
    return Ranking(tuple(results), squared)


def _nats(value: float) -> str:
    return f"{value:.2f}" if value >= 0.095 else f"{value:.3f}"


def _times(logarithm: float) -> str:
    """How many times as much, in two digits."""
    ratio = math.exp(logarithm)
    return f"{float(f'{ratio:.2g}'):,.0f} times" if ratio >= 10 else f"{ratio:.2g} times"
