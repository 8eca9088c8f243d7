"""Session: one run as the server knows it: its settings, where it lives, who watches it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lstm_core.experiments.configs import SubjectConfig
from lstm_core.runtime.messages import live_values
from lstm_core.runtime.protocol import Message
from lstm_core.server.worker_handle import WorkerHandle

# takes an encoded frame (bytes) or what the server says of the run (str), and must return at once
Deliver = Callable[[bytes | str], None]


@dataclass
class Viewer:
    """Somebody who watches a run."""

    number: int
    deliver: Deliver
    control: bool  # may change the run, and not only watch it
    ready: bool = True  # has drawn what it got and wants the next frame
    seen: bytes | None = None  # the last frame it got
    wants: frozenset[str] = frozenset()  # parts of a frame that not everybody shows
    told: str = ""  # the last facts that it got
    answered: int = 0  # number of its newest setting that was taken or refused


@dataclass(eq=False)
class Session:
    """Only what holds the host's lock reads or changes it. Times are on the monotonic clock, in seconds."""

    run_id: str
    config: SubjectConfig | None = None  # with the live settings as they are now; None: on the disk, unread
    generation: int = 0  # how many times it was given other networks
    # where it lives
    worker: WorkerHandle | None = None  # None: it sleeps
    resting: int | None = None  # number of the order by which it is leaving that worker's memory
    origin: Message | None = None  # the command that made it, until it is saved for the first time
    deaths: int = 0  # of its workers, during its turns
    failure: str | None = None  # why it cannot be woken: a sentence, or "" where there is no such run
    # whether it trains
    placed: bool = False  # it may have a network; else it waits for a place
    dormant: bool = False  # put to sleep although somebody watches, until they draw or do something
    waiting_since: float = 0.0
    playing: bool = True
    notice: bytes | None = None  # what its viewers are shown while it waits
    unwatched_since: float = field(default_factory=time.monotonic)
    touched: float = field(default_factory=time.monotonic)  # when somebody last drew a frame or did something
    # who watches it
    viewers: dict[int, Viewer] = field(default_factory=dict)
    latest: bytes | None = None  # its newest frame
    wanted: frozenset[str] | None = None  # the parts of the frame that was asked for and has not come
    code: str | None = None  # while it is shared
    page: str = ""  # that whoever controls it looks at
    # how it is saved
    saved_at: float | None = None  # seconds since the epoch
    trouble: str = ""  # why the newest save failed
    damage: str = ""  # what was wrong when it was read …
    damage_until: float = 0.0  # … and until when that is said

    @property
    def name(self) -> str:
        """What viewers are told that the run is called. Nobody can open it with that."""
        return self.run_id[:8]

    @property
    def awake(self) -> bool:
        """It is in a worker's memory, and stays there."""
        return self.worker is not None and self.resting is None

    @property
    def following(self) -> list[int]:
        """Numbers of the viewers that may only watch."""
        return [number for number, viewer in self.viewers.items() if not viewer.control]

    @property
    def wants_place(self) -> bool:
        """Somebody is there who wants to see it train."""
        return bool(self.viewers) and not self.placed and not self.dormant

    @property
    def awaited(self) -> bool:
        """Somebody has drawn all that there was and waits for what comes next, and something will."""
        return self.awake and self.playing and any(viewer.ready for viewer in self.viewers.values())

    @property
    def wants(self) -> frozenset[str]:
        """The parts of a frame that any of its viewers shows."""
        return frozenset[str]().union(*(viewer.wants for viewer in self.viewers.values()))

    def facts(self, viewer: Viewer | None = None) -> str:
        """What only the server knows of the run, as a JSON object for those who watch; for a `viewer` who may
        change it with its live settings.
        """
        damaged = self.damage if time.monotonic() < self.damage_until else ""
        facts: dict[str, Any] = {
            "run": self.name,
            "page": self.page,
            "followers": len(self.following) if self.code else None,
            "saved": self.saved_at,
            "trouble": self.trouble or damaged,
        }
        if viewer and self.config:
            facts |= {"settings": live_values(self.config), "answered": viewer.answered}
        return json.dumps({"type": "facts", "facts": facts})
