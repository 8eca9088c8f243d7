"""Admission: which runs may train, which wait in line, and which have to rest. It decides; the host acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lstm_core.config.server_settings import Limits
from lstm_core.frames.frame import Frame
from lstm_core.server.session import Session

UNSEEN = 30.0  # seconds that a run without a place and without viewers stays in memory


@dataclass
class Decision:
    """Who gets a place, who has to leave for that, and who waits on, first in line first."""

    placed: list[Session] = field(default_factory=list)
    resting: list[Session] = field(default_factory=list)
    waiting: list[Session] = field(default_factory=list)


def lease_over(session: Session, lease: float, now: float) -> bool:
    """Whether nobody has watched a run for `lease` seconds."""
    return not session.viewers and now - session.unwatched_since > lease


def fill(sessions: Iterable[Session], most: int, lease: float, now: float) -> Decision:
    """Who gets one of `most` places: whoever waits, in line; where none is free, in place of those that
    nobody has watched for `lease` seconds, the longest first.
    """
    sessions = list(sessions)
    waiting = [session for session in sessions if session.wants_place]
    for session in waiting:
        session.waiting_since = session.waiting_since or now
    waiting.sort(key=lambda session: session.waiting_since)
    places = [session for session in sessions if session.placed]
    idle = [session for session in places if lease_over(session, lease, now)]
    idle.sort(key=lambda session: session.unwatched_since)
    free = max(0, most - len(places))
    resting = idle[: max(0, len(waiting) - free)]
    free += len(resting)
    return Decision(waiting[:free], resting, waiting[free:])


def idle_sessions(sessions: Iterable[Session], limits: Limits, saved: bool, now: float) -> list[Session]:
    """Those that nobody has touched for so long that they should not take up memory. saved: runs can come
    back.
    """
    found = []
    for session in sessions:
        unseen = saved and not (session.viewers or session.placed)
        most = min(UNSEEN, limits.idle) if unseen else limits.idle
        if now - session.touched <= most or session.awaited or session.wants_place:
            continue
        if session.viewers and not saved:
            continue  # it could not come back
        found.append(session)
    return found


def notice(number: int, places: int) -> bytes:
    """The frame for viewers of a run that waits, as number `number` in line."""
    message = (
        f"All {places} places are taken. Yours is number {number} in the queue; "
        "training starts by itself as soon as one is free."
    )
    meta = {"status": "waiting", "message": message, "step": 0, "queue": number, "places": places}
    return Frame(meta).encode()
