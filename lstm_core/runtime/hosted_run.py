"""HostedRun: one run of a worker, whether it may train, and how it is saved."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from lstm_core.config import RunConfig
from lstm_core.runtime.run import Run

YOUNG = 10.0  # seconds


@dataclass(eq=False)
class HostedRun:
    """A run by the id that the server knows it by. Times are on the monotonic clock, in seconds."""

    run_id: str
    run: Run
    opened: float = field(default_factory=time.monotonic)
    trains_until: float = 0.0  # from then on it rests
    due: float | None = None  # when it has its next turn; None: not queued
    resting: int | None = None  # the number of the order to leave the memory once it is saved
    told: tuple[Any, ...] | None = None  # of its state, what the server knows
    # saving
    saved_mark: object = None  # of the run when it was last handed over to be saved
    saved_whole: bool = True  # nothing of it was left for later
    next_save: float = 0.0
    saving: int | None = None  # number of the newest save that is not on the disk yet

    @property
    def young(self) -> bool:
        """It has come so lately that nobody knows yet whether it can train without harm."""
        return time.monotonic() - self.opened < YOUNG

    @property
    def mark(self) -> object:
        """What differs when there is something new to save."""
        run = self.run
        return run.steps, run.step_count, run.playing, run.config

    @property
    def state(self) -> tuple[bool, int | None]:
        """What the run changes by itself, and the server has to know: whether it plays, and which step of its
        past is looked at.
        """
        config = self.run.config
        return self.run.playing, config.view.at if isinstance(config, RunConfig) else None
