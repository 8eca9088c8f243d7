"""What a race has shown so far, in a few sentences. All of it is read off the run; nothing is presumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEARNT = 0.95  # accuracy from which on a network is said to have learnt
PATIENCE = 300  # steps after which it says something of networks that have not learnt so far
ARRIVES = 3.0  # powers of ten that a gradient may fall over the lag and still be said to arrive
BETTER = 0.2  # of the way from guessing to all right: so much is more than luck


@dataclass(frozen=True)
class Stage:
    """What is trained now. chance: accuracy of guessing at this lag. step: of now. needed: steps that span
    the lag. begun: the step at which training at this lag began. before: the lag until then; None if there
    was none. reach: of truncated back-propagation.
    """

    lag: int
    chance: float
    step: int
    needed: int
    begun: int = 0
    before: int | None = None
    reach: int | None = None

    @property
    def steps(self) -> int:
        """Of training at this lag."""
        return self.step - self.begun

    @property
    def change(self) -> str:
        """When the lag became what it is; empty if it has been so from the beginning."""
        if self.before is None or not self.begun:
            return ""
        return f"the lag was changed from {self.before} at step {self.begun:,}"

    @property
    def awaits(self) -> str:
        """What a first sentence waits for."""
        lag = f"after {PATIENCE} steps at lag {self.lag}"
        return f"as soon as a network is right in 95 %, or {lag} (step {self.begun + PATIENCE:,})."


@dataclass(frozen=True)
class Result:
    """How one network stands.

    accuracy: share of right answers at the lag that is trained, latest. since: the step since which it has
    been right in 95 % at this lag, or None. lost: the step at which it was no longer. start: the accuracy
    when training at this lag and this truncation began. fell: by how many powers of ten the gradient fell
    from the last step to the first when training at this lag began, and `falls` now; infinite if none
    arrived. before: whether it was right before the gradient was cut off as it is now.
    """

    name: str
    accuracy: float
    since: int | None = None
    lost: int | None = None
    start: float = 0.0
    fell: float = math.nan
    falls: float = math.nan
    before: bool = False

    @property
    def learnt(self) -> bool:
        """Right in 95 % at this lag, now or once."""
        return self.since is not None or self.lost is not None

    def beyond(self, accuracy: float) -> bool:
        """Whether it is right clearly more often than that, without having learnt."""
        return not self.learnt and self.accuracy - accuracy > BETTER * (1 - accuracy)


def observation(results: Sequence[Result], stage: Stage) -> str:
    """Who has learnt the lag, what became of the gradient, and whether the one goes with the other.

    results: of the networks that still train. Empty as long as there is too little to tell.
    """
    learnt = [one for one in results if one.learnt]
    settled = stage.steps >= PATIENCE or all(one.since is not None for one in results)
    if not results or not (learnt or settled):
        return ""
    parts = [_who(results, stage)]
    if stage.reach is not None and stage.reach < stage.needed:
        parts += _cut_off(results, stage, stage.reach)
    else:
        parts.append(_gradients(results, stage))
        if settled:
            parts += _together(results, stage)
    return " ".join(part for part in parts if part)


def _who(results: Sequence[Result], stage: Stage) -> str:
    holding = sorted((one.since, one.name) for one in results if one.since is not None)
    lost = [one for one in results if one.lost is not None and one.since is None]
    others = [one for one in results if not one.learnt]
    rest = _list([f"{_percent(one.accuracy)} ({one.name})" for one in others])
    guess = f"guessing gives {_percent(stage.chance)}"
    change = f" ({stage.change})" if stage.change else ""
    said = []
    if holding:
        first = _list([f"{name} since step {step:,}" for step, name in holding])
        said.append(f"Right in 95 % at lag {stage.lag}{change}: {first}.")
    if lost:
        fallen = [f"{one.name} at step {one.lost:,} ({_percent(one.accuracy)} now)" for one in lost]
        said.append(f"{'N' if holding else f'At lag {stage.lag}{change} n'}o longer right in 95 %: ")
        said[-1] += f"{_list(fallen)}."
    if said and others:
        said.append(f"The others after {_steps(stage.steps)}: {rest}; {guess}.")
    elif others:
        said.append(f"After {_steps(stage.steps)} at lag {stage.lag}{change} none is right in 95 %: ")
        said[-1] += f"{rest}; {guess}."
    return " ".join(said)


def _gradients(results: Sequence[Result], stage: Stage) -> str:
    falls = [
        f"{_powers(one.fell)} → {_powers(one.falls)} ({one.name})"
        for one in results
        if not math.isnan(one.fell) and not math.isnan(one.falls)
    ]
    if not falls:
        return ""
    when = f"at step {stage.begun:,} → now"
    return f"Powers of ten by which the gradient falls over the lag, {when}: {_list(falls)}."


def _together(results: Sequence[Result], stage: Stage) -> list[str]:
    """Does learning go with a gradient that arrives? Training changes it, so that of the beginning counts."""
    learnt = [one for one in results if one.learnt]
    rising = [one for one in results if one.beyond(stage.chance)]
    guessing = [one for one in results if not one.learnt and one not in rising]
    waiting = [one.name for one in guessing if one.fell <= ARRIVES]
    surprising = [one.name for one in learnt if one.fell > ARRIVES]
    found = []
    if waiting:
        verb = "is" if len(waiting) == 1 else "are"
        found.append(
            f"A gradient that arrives is not all: {_list(waiting)} {verb} little better than guessing."
        )
    if surprising:
        found.append(
            f"{_list(surprising)} learnt although less than a thousandth of the gradient arrived at first."
        )
    known = not any(math.isnan(one.fell) for one in results)
    if learnt and guessing and known and not rising and not found:
        found.append("The networks that learnt are those whose gradient arrived at first.")
    return found


def _cut_off(results: Sequence[Result], stage: Stage, reach: int) -> list[str]:
    """What follows from a truncation that is shorter than the lag."""
    found = [
        f"The gradient is cut off after {_steps(reach)}; to bridge the lag it would need {stage.needed}."
    ]
    holding = [one for one in results if one.since is not None]
    before = [one.name for one in holding if one.before]
    since = [one.name for one in holding if not one.before]
    rising = [one for one in results if one.beyond(max(stage.chance, one.start))]
    if before:
        found.append(f"{_list(before)} learnt it before that: does it learn it now, too? Press Reset.")
    ways = [f"{_list(since)} learnt it"] if since else []
    if rising:
        climbs = [f"{one.name} rose from {_percent(one.start)} to {_percent(one.accuracy)}" for one in rising]
        ways.append(_list(climbs))
    if ways:
        found.append(
            f"{' and '.join(ways)} all the same: what a cell happens to keep by itself can be read out "
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
