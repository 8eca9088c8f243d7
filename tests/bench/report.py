"""Figures and the table they stand in."""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

WIDTHS = (58, 14, 30, 20)  # of the columns, in characters; the verdict follows


@dataclass(frozen=True)
class Options:
    """What the command line says. `quick` figures show that the bench works, and little else."""

    quick: bool = False
    runs: int = 0  # in the classroom; 0: as many as its reaches are about

    def seconds(self, thorough: float, quick: float) -> float:
        """How long to measure something."""
        return quick if self.quick else thorough

    def times(self, thorough: int, quick: int) -> int:
        """How often to measure something."""
        return quick if self.quick else thorough


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    `reference` is what `rival` measured, in the same unit and in the same minutes. The reach, `at_most` or
    `at_least`, then is one of the ratio measured / reference (of `ratio`, where rounds were compared pair by
    pair); without a reference it is one of `measured` itself. A figure without a reach only informs.
    """

    name: str
    about: str
    measured: float
    unit: str = ""
    reference: float | None = None
    rival: str = ""
    ratio: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def judged(self) -> float:
        """The number that the reach is about."""
        if self.ratio is not None:
            return self.ratio
        return self.measured / self.reference if self.reference else self.measured

    @property
    def verdict(self) -> str:
        """ "ok", "MISS", or nothing where there is no reach."""
        if self.at_most is None and self.at_least is None:
            return ""
        high = math.inf if self.at_most is None else self.at_most
        low = -math.inf if self.at_least is None else self.at_least
        return "ok" if low <= self.judged <= high else "MISS"


def row(figure: Figure) -> str:
    """The figure as a line of the table."""
    reference = "–"
    if figure.reference is not None:
        reference = f"{number(figure.reference)} {figure.unit}".strip() + f" ({figure.rival})"
    limit = ""
    if figure.at_most is not None:
        limit = f"≤ {number(figure.at_most)}"
    elif figure.at_least is not None:
        limit = f"≥ {number(figure.at_least)}"
    if figure.reference is not None:
        limit = f"{figure.judged:.3f}× {limit and f'({limit}×)'}"
    return _columns(
        figure.about, f"{number(figure.measured)} {figure.unit}", reference, limit, figure.verdict
    )


def header() -> str:
    """The first line of the table."""
    return _columns("figure", "measured", "reference", "ratio, reach", "")


def numbers(group: str, figure: Figure) -> dict[str, float]:
    """The figure for the JSON file: what was measured, the reference and the ratio, if there are any."""
    found = {f"{group}.{figure.name}": figure.measured}
    if figure.reference is not None:
        found[f"{group}.{figure.name}_reference"] = figure.reference
        found[f"{group}.{figure.name}_ratio"] = figure.judged
    return found


def number(value: float) -> str:
    """Three significant digits, or all of a large number."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.3g}"


def median(values: Sequence[float]) -> float:
    """The middle value; not a number if there is none."""
    return statistics.median(values) if values else math.nan


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that at least `share` percent do not exceed; not a number if there is none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share / 100 * len(values)) - 1)]


def machine() -> str:
    """What it is measured on."""
    try:
        cores = len(os.sched_getaffinity(0))
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        name = next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    except (AttributeError, OSError, StopIteration, IndexError):
        cores, name = os.cpu_count() or 1, platform.processor() or platform.machine()
    versions = f"Python {platform.python_version()} · torch {torch.__version__}"
    return f"{cores} cores ({name}) · {platform.system()} · {versions}"


def busy(seconds: float = 0.5) -> float:
    """Percent of the machine that others use while the bench waits; not a number where it does not tell."""

    def read() -> tuple[int, int]:
        """Ticks of all cores since the start of the machine: idle, and all."""
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
        ticks = [int(word) for word in first.split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)

    try:
        idle, total = read()
        time.sleep(seconds)
        idle_later, total_later = read()
    except OSError:
        return math.nan
    return 100 * (1 - (idle_later - idle) / max(1, total_later - total))


def _columns(*cells: str) -> str:
    padded = [cell.strip().ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)]
    return ("  " + "  ".join([*padded, *cells[len(WIDTHS) :]])).rstrip()
