"""The series that the playground makes itself: N = 2,000 samples each, the same for the same seed."""

from __future__ import annotations

import functools
import math
from collections import deque

import numpy as np
import numpy.typing as npt

from lstm_core.config import SeriesConfig

Array = npt.NDArray[np.float64]

SAMPLES = 2_000
# Strikes and sweeps come back at least this often, so that the last fifth holds nothing unseen.
_LONGEST_CYCLE = SAMPLES // 5


def sine(turns: Array) -> Array:
    """sin 2πu for u in turns."""
    return np.sin(2 * np.pi * turns)


def two_sines(turns: Array) -> Array:
    """The mean of two sines whose periods are as 1 : √2, so that the sum never repeats exactly."""
    return (sine(turns) + sine(turns / math.sqrt(2))) / 2


def square(turns: Array) -> Array:
    """+1 in the first half of each turn, −1 in the second."""
    return np.where(turns % 1.0 < 0.5, 1.0, -1.0)


def sawtooth(turns: Array) -> Array:
    """Rises from −1 to 1 in each turn, then falls at once; 0 at the start of a turn."""
    return 2 * ((turns + 0.5) % 1.0) - 1


def triangle(turns: Array) -> Array:
    """Straight lines between −1 and 1, with the zeros and crests of the sine."""
    return 1 - 4 * np.abs((turns + 0.25) % 1.0 - 0.5)


def damped(turns: Array, period: float) -> Array:
    """A sine that dies away and is struck again every 6 periods (or 400 samples)."""
    strike = max(8, round(min(6 * period, _LONGEST_CYCLE)))
    since = np.arange(len(turns)) % strike
    return np.exp(-3.0 * since / strike) * sine(turns[0] + since / period)


def chirp(turns: Array, period: float) -> Array:
    """A sine whose frequency swings between a half and one and a half times 1/period, over 10 periods
    (or 400 samples); the phase is the integral of that frequency.
    """
    sweep = min(10 * period, _LONGEST_CYCLE) / period  # in turns
    elapsed = turns - turns[0]
    return sine(turns + 0.5 * sweep / (2 * np.pi) * (1 - np.cos(2 * np.pi * elapsed / sweep)))


@functools.lru_cache(maxsize=1)
def mackey_glass() -> tuple[float, ...]:
    """dx/dt = β x(t−τ) / (1 + x(t−τ)ⁿ) − γ x with τ = 17, β = 0.2, γ = 0.1, n = 10: mildly chaotic.

    M. C. Mackey and L. Glass, "Oscillation and chaos in physiological control systems", Science 197 (1977).
    Integrated by Runge-Kutta of order 4 from x = 1.2, sampled every 3 time units after a settling of 300.
    """
    per_unit = 5  # integration steps per time unit: finer ones change the curve by less than a line's width
    delay, every = 17 * per_unit, 3 * per_unit
    settle = 300 * per_unit
    step = 1.0 / per_unit
    past = deque([1.2] * (delay + 1), maxlen=delay + 1)  # from x(t−τ) to x(t)
    samples = []

    def production(delayed: float) -> float:
        return 0.2 * delayed / (1.0 + delayed**10)

    x = 1.2
    for count in range(settle + SAMPLES * every):
        if count >= settle and (count - settle) % every == 0:
            samples.append(x)
        now, then = past[0], past[1]
        at_start, at_middle, at_end = production(now), production((now + then) / 2), production(then)
        k1 = at_start - 0.1 * x
        k2 = at_middle - 0.1 * (x + step / 2 * k1)
        k3 = at_middle - 0.1 * (x + step / 2 * k2)
        k4 = at_end - 0.1 * (x + step * k3)
        x += step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        past.append(x)
    return tuple(samples)


def generate(config: SeriesConfig, seed: int) -> Array:
    """The samples (2000,) of a generated kind, noise included. Raises KeyError for other kinds."""
    turns = np.arange(SAMPLES) / config.period + config.phase / 360
    shapes = {
        "sine": lambda: sine(turns),
        "two sines": lambda: two_sines(turns),
        "square": lambda: square(turns),
        "sawtooth": lambda: sawtooth(turns),
        "triangle": lambda: triangle(turns),
        "damped": lambda: damped(turns, config.period),
        "chirp": lambda: chirp(turns, config.period),
        "mackey-glass": lambda: np.array(mackey_glass()),
    }
    values: Array = shapes[config.kind]()
    if config.kind == "mackey-glass":
        swing = float(np.ptp(values)) / 2  # it has its own size, as published
    else:
        swing = config.amplitude
        values = values * swing
    if config.noise > 0:
        values = values + config.noise * swing * np.random.default_rng(seed).standard_normal(SAMPLES)
    return values
