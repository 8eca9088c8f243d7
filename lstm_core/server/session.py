"""Seat: one run in a host, who watches it, its turn, and how it is saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstm_core.experiments.registry import SubjectConfig
from lstm_core.runtime.hosted import HostedRun

if TYPE_CHECKING:
    from lstm_core.server.turns import Turns

Deliver = Callable[[bytes], None]


@dataclass
class Viewer:
    deliver: Deliver
    control: bool  # may change the run, and not only watch it
    ready: bool = True  # has drawn what it got and wants the next frame
    seen: bytes | None = None  # the last frame it got
    wants: frozenset[str] = frozenset()  # parts of a frame that not everybody shows


@dataclass
class Seat:
    """One run by its public name. Only what holds the host's lock reads or changes it; but the run itself
    belongs to the thread that has set `working`.
    """

    run_id: str
    run: HostedRun | None  # None: asleep, or not yet read from the disk
    asked: SubjectConfig | None = None  # the networks that were asked for last
    viewers: dict[int, Viewer] = field(default_factory=dict)
    code: str | None = None  # while it is shared
    page: str = ""  # that whoever controls it looks at
    placed: bool = False  # it may have a network; else it waits for a place
    waiting_since: float = 0.0
    notice: bytes | None = None  # what its viewers are shown while it waits
    unwatched_since: float = field(default_factory=time.monotonic)
    touched: float = field(default_factory=time.monotonic)  # when somebody last drew a frame or did something
    asleep: bool = False  # saved and out of memory, until somebody touches it
    leaving: bool = False  # at its next turn it is saved and gives its place back
    # turns
    turns: Turns | None = None  # the queue of the room that the run is in; None: in none yet, or any more
    due: float | None = None  # when it has its next one; None: not queued
    working: bool = False
    held: int = 0  # threads that wait until it is not working
    again: bool = False  # something came in while it was working
    deaths: int = 0  # of its process, during its turns
    # saving
    saved_mark: object = None  # of the run when it was last handed over to be saved
    saved_whole: bool = True  # nothing of it was left for later
    next_save: float = 0.0
    saved_at: float | None = None  # seconds since the epoch
    trouble: str = ""  # why the newest save failed
    damage: str = ""  # what was wrong when it was read …
    damage_until: float = 0.0  # … and until when that is said

    @property
    def name(self) -> str:
        """What frames call the run, to tell it from others. Nobody can open it with that."""
        return self.run_id[:8]

    @property
    def following(self) -> list[int]:
        """Numbers of the viewers that may only watch."""
        return [number for number, viewer in self.viewers.items() if not viewer.control]

    @property
    def followers(self) -> int:
        """How many may only watch."""
        return len(self.following)

    @property
    def wants_place(self) -> bool:
        """Somebody is there who wants to see it train."""
        return bool(self.viewers) and not self.placed and not self.asleep

    @property
    def awaited(self) -> bool:
        """Somebody has drawn all that there was and waits for what comes next, and something will."""
        ready = any(viewer.ready for viewer in self.viewers.values())
        return ready and self.run is not None and self.run.playing

    def about(self) -> dict[str, Any]:
        """What every frame says of the seat."""
        return {
            "run": self.name,
            "page": self.page,
            "followers": self.followers if self.code else None,
            "saved": self.saved_at,
            "trouble": self.trouble or (self.damage if time.monotonic() < self.damage_until else ""),
        }

    def about_run(self) -> None:
        """Let the frames that are made from now on say so."""
        if self.run:
            self.run.about = self.about()

    def mark(self) -> object:
        """What differs when there is something new to save."""
        run = self.run
        if run is None:
            return None
        return run.steps, run.step_count, run.playing, run.config
