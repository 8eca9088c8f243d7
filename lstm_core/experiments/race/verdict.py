"""What a race has shown so far, in a few sentences. All of it is read off the run; nothing is presumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEARNT = 0.95  # accuracy from which on a network is said to have learnt
PATIENCE = 300  # steps after which it says something that a network has not learnt so far
ARRIVES = 3.0  # powers of ten that a gradient may fall over the lag and still be said to arrive


@dataclass(frozen=True)
class Result:
    """How one network stands.

    accuracy: share of right answers at the lag that is trained, latest. reached: steps of training at this
    lag after which it was right in 95 %, or None. fell: by how many powers of ten the gradient fell from the
    last step to the first when training at this lag began; infinite if none arrived. before: whether it was
    right before the gradient was cut off as it is now.
    """

    name: str
    accuracy: float
    reached: int | None = None
    fell: float = math.nan
    before: bool = False


def observation(
    results: Sequence[Result], lag: int, steps: int, chance: float, reach: int | None, needed: int
) -> str:
    """Who has learnt the lag, what became of the gradient, and whether the one goes with the other.

    results: of the networks that still train. steps: of training at this lag. chance: accuracy of guessing.
    reach: of truncated back-propagation, and `needed`, the one that spans the lag. Empty as long as there is
    too little to tell.
    """
    learnt = [one for one in results if one.reached is not None]
    others = [one for one in results if one.reached is None]
    settled = steps >= PATIENCE or not others
    if not results or not (learnt or settled):
        return ""
    parts = [_who(learnt, others, lag, steps, chance)]
    if reach is not None and reach < needed:
        parts += _cut_off(learnt, reach, needed)
    else:
        parts.append(_gradients(results))
        if settled:
            parts += _together(learnt, others)
    return " ".join(part for part in parts if part)


def _who(learnt: list[Result], others: list[Result], lag: int, steps: int, chance: float) -> str:
    guess = f"guessing gives {_percent(chance)}"
    rest = _list([f"{_percent(one.accuracy)} ({one.name})" for one in others])
    if not learnt:
        return f"After {_steps(steps)} at lag {lag} none is right in 95 %: {rest}; {guess}."
    fastest = sorted(learnt, key=lambda one: one.reached or 0)
    first = _list([f"{one.name} after {_steps(one.reached or 0)}{_now(one)}" for one in fastest])
    if not others:
        return f"Right in 95 % at lag {lag}: {first}."
    return f"Right in 95 % at lag {lag}: {first}. The others after {_steps(steps)}: {rest}; {guess}."


def _now(one: Result) -> str:
    """What has become of a network that was right once."""
    return f" ({_percent(one.accuracy)} now)" if one.accuracy < LEARNT else ""


def _gradients(results: Sequence[Result]) -> str:
    falls = [f"{_powers(one.fell)} ({one.name})" for one in results if not math.isnan(one.fell)]
    if not falls:
        return ""
    return f"Powers of ten by which the gradient fell over the lag at first: {_list(falls)}."


def _together(learnt: list[Result], others: list[Result]) -> list[str]:
    """Does learning go with a gradient that arrives? Training changes it, so that of the beginning counts."""
    waiting = [one.name for one in others if one.fell <= ARRIVES]
    surprising = [one.name for one in learnt if one.fell > ARRIVES]
    found = []
    if waiting:
        verb = "has" if len(waiting) == 1 else "have"
        found.append(f"A gradient that arrives is not all: {_list(waiting)} {verb} not learnt so far.")
    if surprising:
        found.append(
            f"{_list(surprising)} learnt although less than a thousandth of the gradient arrived at first."
        )
    if learnt and others and not found:
        found.append("The networks that learnt are those whose gradient arrived.")
    return found


def _cut_off(learnt: list[Result], reach: int, needed: int) -> list[str]:
    """What follows from a truncation that is shorter than the lag."""
    found = [f"The gradient is cut off after {_steps(reach)}; to bridge the lag it would need {needed}."]
    before = [one.name for one in learnt if one.before]
    since = [one.name for one in learnt if not one.before]
    if before:
        found.append(f"{_list(before)} learnt it before that: does it learn it now, too? Press Reset.")
    if since:
        found.append(
            f"{_list(since)} learnt it all the same: what a cell happens to keep by itself can be read out "
            "without a gradient that crosses the lag."
        )
    return found


def _percent(share: float) -> str:
    return f"{math.floor(100 * share + 0.5)} %"  # one in eight is 13 % here as in the table


def _powers(fell: float) -> str:
    return f"{max(0.0, fell):.0f}" if math.isfinite(fell) else "∞"


def _steps(count: int) -> str:
    return f"{count:,} step" if count == 1 else f"{count:,} steps"


def _list(items: list[str]) -> str:
    *first, last = items or [""]
    return f"{', '.join(first)} and {last}" if first else last
