"""Which saved runs are deleted, and in which order, when there are too many.

- What nobody has opened for some days goes.
- While all together take too much room, those go first that cost least to do again: runs that were saved
  fewer than `MANY_SAVES` times, which is after some two minutes of training in all; and of these, and then of
  the others, the longest unused.
- Runs that were begun within a day may push out older ones only until they take half of the room; beyond that
  they push out each other.

So whoever begins runs by the thousand, to be rid of those of others, loses his own first, since they have
hardly been trained. Whoever also trains each of them for minutes has to hold the places in which others would
train, and gets half of the room in a day; the other half only if nobody looks after the server for days.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

DAY = 86_400.0  # seconds
MANY_SAVES = 30
YOUNG_SHARE = 0.5  # of the room, for runs that were begun within a day


@dataclass(frozen=True)
class SavedRun:
    """size: bytes. used: when it was last saved or opened; begun: when it was first saved; both in seconds
    since the epoch. saves: how often it was saved.
    """

    name: str
    size: int
    used: float
    begun: float = 0.0
    saves: int = 0


def expendable(
    runs: Iterable[SavedRun], kept: Set[str], most: float, keep_days: float, now: float
) -> Iterator[SavedRun]:
    """The runs to delete, in this order. kept: names of runs that are never among them, but take room. most:
    bytes.
    """
    sizes, queues = [0, 0], (deque[SavedRun](), deque[SavedRun]())  # begun before, and within, a day
    for run in sorted(runs, key=lambda run: (run.saves >= MANY_SAVES, run.used)):
        if run.name not in kept and run.used < now - DAY * keep_days:
            yield run
            continue
        young = run.begun > now - DAY
        sizes[young] += run.size
        if run.name not in kept:
            queues[young].append(run)
    while sum(sizes) > most and any(queues):
        young = sizes[True] > most * YOUNG_SHARE
        if not queues[young]:
            young = not young
        run = queues[young].popleft()
        sizes[young] -= run.size
        yield run
