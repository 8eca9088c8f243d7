"""How often a run does what costs it time: frames, outputs, surveys; and how fast it steps."""

from __future__ import annotations

import random
from collections.abc import Callable


class Budget:
    """Allows something as often as its cost permits: a share of the run's own time.

    But not sooner than `shortest` seconds after it began last, and always once `longest` seconds of its own
    have passed: something slow is better seen late than never. Where many runs wait for their turns, own
    time hardly passes; then `shared` seconds on the wall are enough, a share of `spread` less or more: runs
    that began together shall not all be at it together. `now` is on the wall, `own` on the run's own clock.
    """

    def __init__(
        self, share: float, shortest: float, longest: float, shared: float, spread: float = 0.0
    ) -> None:
        self.share, self.shortest, self.longest = share, shortest, longest
        self.shared, self.spread = shared, spread
        self.reset()

    def reset(self) -> None:
        """Allow it at once."""
        self._from = self._by = self._own_from = float("-inf")

    def spend(self, start: float, end: float, own: float) -> None:
        """It was done, from `start` to `end`."""
        pause = min((end - start) / self.share, self.longest)
        self._from = start + self.shortest
        self._own_from = own + pause
        self._by = end + max(self.shared * random.uniform(1 - self.spread, 1 + self.spread), pause)

    def due(self, now: float, own: float) -> bool:
        return self.wait(now, own) <= 0

    def wait(self, now: float, own: float) -> float:
        """Seconds until it is allowed, if the run gets all the time."""
        return max(self._from - now, min(self._own_from - own, self._by - now))


class Rate:
    """Steps per second over the last one to two seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since, self._count, self._value = clock(), 0, 0.0

    def count(self) -> None:
        self._count += 1

    def per_second(self) -> float:
        passed = self._clock() - self._since
        if passed > 1.0:
            self._value = self._count / passed
            self._since, self._count = self._clock(), 0
        elif self._value == 0.0 and passed > 0.2:
            return self._count / passed
        return self._value
