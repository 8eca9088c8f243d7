"""Which side of a pair is ahead, as far as the validation losses support it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

RECENT = 5  # validations that have to agree
FIRST = 10  # step from which validations count towards these
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SLOWER = 1.25  # from this ratio on, the time of a step is worth a sentence

Points = Sequence[tuple[int, float]]  # (step, validation loss)


@dataclass(frozen=True)
class Standing:
    """Who is ahead, from the validations that both sides have had.

    step, losses: the last of these. leader: 0 (left), 1 (right), or None as long as the last RECENT do not
    agree, or differ by less than they scatter. since: step of the validation from which on the leader has
    always been ahead. before: who led before that; None if nobody did for long.
    """

    step: int
    losses: tuple[float, float]
    leader: int | None
    since: int
    before: int | None


def standing(left: Points, right: Points) -> Standing | None:
    """How it stands; None while there are too few validations."""
    others = dict(right)
    # what counts is the ratio of the losses; above 0 the left side is ahead
    ratios = [(step, _log(others[step]) - _log(loss)) for step, loss in left if step in others]
    recent = [ratio for step, ratio in ratios if step >= FIRST][-RECENT:]
    if len(recent) < RECENT:
        return None
    step = ratios[-1][0]
    losses = dict(left)[step], others[step]
    middle, scatter = fmean(recent), stdev(recent)
    agree = all(ratio > 0 for ratio in recent) or all(ratio < 0 for ratio in recent)
    leader = int(middle < 0) if agree and abs(middle) > scatter else None
    since, before = step, None
    if leader is not None:
        ahead = [(ratio < 0) == leader and ratio != 0 for _, ratio in ratios]
        start = max((place + 1 for place, mine in enumerate(ahead) if not mine), default=0)
        since = ratios[start][0]
        # what came before counts if it was more than scatter
        led = [abs(ratio) > scatter and not mine for (_, ratio), mine in zip(ratios, ahead, strict=True)]
        before = 1 - leader if start and sum(led[:start]) * 2 > start else None
    return Standing(step, losses, leader, since, before)


def observation(
    names: tuple[str, str], now: Standing | None, unit: str, chance: bool, milliseconds: tuple[float, float]
) -> str:
    """A few sentences; empty while there is nothing to say.

    unit: of the losses. chance: whether nothing but the seed differs. milliseconds: of a step on either side.
    """
    if now is None:
        return ""
    one, two = (f"{quantity(loss)}{unit}" for loss in now.losses)
    if now.losses[0] == now.losses[1]:
        return f"After {now.step:,} steps both are the same to the last digit: {one}."
    if now.leader is None:
        close = "closer than the validation losses jump"
        said = f"After {now.step:,} steps neither is ahead: {one} and {two}, {close}."
    else:
        leader, other = names[now.leader], names[1 - now.leader]
        own, others = (one, two) if now.leader == 0 else (two, one)
        share = 1 - now.losses[now.leader] / now.losses[1 - now.leader]
        said = (
            f"After {now.step:,} steps “{leader}” has the lower validation loss: {own} against {others}, "
            f"{100 * share:.{0 if share >= 0.01 else 1}f} % less."
        )
        if now.before is not None:
            said += f" Before step {now.since:,} “{other}” was ahead."
        elif now.since > FIRST:
            said += f" It has been ahead since step {now.since:,}."
    if chance:
        return f"{said} Nothing but chance differs."
    slow = max(milliseconds) / min(milliseconds) if min(milliseconds) > 0 else math.nan
    if slow >= SLOWER:
        slower = names[milliseconds.index(max(milliseconds))]
        said += f" A step of “{slower}” takes {slow:.1f} times as long."
    return said


def apart(names: tuple[str, str], now: Standing | None, kind: str, tokens: Sequence[str]) -> str:
    """The same for sides that learn other data, whose losses do not measure the same.

    tokens: what one step reads, on either side of a text.
    """
    if now is None:
        return ""
    one, two = names
    if kind == "series":
        shares = [100 * loss for loss in now.losses]
        left, right = (f"{share:,.0f} %" if share > 10 else f"{share:.2g} %" for share in shares)
        return (
            f"After {now.step:,} steps the squared error one step ahead is {left} of the variance with "
            f"“{one}”, {right} with “{two}”: of what that side is trained on."
        )
    left, right = (f"{quantity(loss)} nats a {token}" for loss, token in zip(now.losses, tokens, strict=True))
    return (
        f"After {now.step:,} steps: {left} with “{one}”, {right} with “{two}”. These losses do not measure "
        "the same thing: they do not tell which network is the better one."
    )


def quantity(value: float) -> str:
    """Three significant digits."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e4):
        mantissa, power = f"{value:.1e}".split("e")
        return f"{mantissa}·10{str(int(power)).translate(RAISED)}"
    return f"{value:#.3g}".removesuffix(".")


def _log(loss: float) -> float:
    return math.log(max(loss, 1e-30))
