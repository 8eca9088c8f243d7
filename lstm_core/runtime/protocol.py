"""What a server and a worker say to each other: tuples of plain values, a name and what belongs to it.

Commands, from the server. A run is named by its id; times are in seconds.

    ("open", run, config)              a new run
    ("adopt", run, packed)             one that goes on from a `PackedRun`
    ("wake", run, config or None)      one that is on the disk, or that rests; with these settings, if given
    ("train", run, seconds or None)    it may train, so long from now, or until told otherwise
    ("want", run, parts)               somebody is ready for a frame with these optional parts
    ("live", run, settings)            live settings (`messages.live`)
    ("order", run, order)              an order or a question (`messages.read`)
    ("rest", run, number)              stop, be saved, leave the memory
    ("drop", run)                      leave the memory at once
    ("call", number, name, arguments)  a question, answered below:
         save (run)                    all that it goes on from, a `PackedRun`
         branch (run, step)            the same of a run that leaves it at this step
         film (run)                    in parts: a frame of every snapshot
         export (run, what)            bytes to take home, "run", "trace" or "losses"; the step that they show
         unpack (data, limits)         the run in such a file, from anybody: a `PackedRun`
    ("close",)                         save all runs, and end

Events, from the worker:

    ("ready",)                                  it can train
    ("beat", steps, busy)                       twice a second: steps of all runs; seconds in the present turn
    ("turn", run)                               a young run has its turn; "": no such run has
    ("opened", run, config, generation, playing, trouble)   it is awake; trouble: of its files, or ""
    ("unreadable", run, sentence)               it cannot be woken; "" if there is no such run
    ("frame", run, data)                        an encoded frame
    ("state", run, playing, at)                 what the run has changed by itself
    ("saved", run, trouble)                     a save has succeeded (""), or failed (a sentence)
    ("rested", run, number)                     it has left the memory, as that order asked
    ("part", number, value)                     a part of an answer
    ("answer", number, value, error)            … and its end, or all of it
    ("log", record)                             a logging record
    ("closed",)                                 all runs are saved
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lstm_core.experiments.configs import SubjectConfig

Message = tuple[Any, ...]
BEAT = 0.5  # seconds from one beat to the next


class Disconnected(Exception):
    """Nobody is at the other end any more."""


@dataclass(frozen=True)
class PackedRun:
    """All that a run goes on from, as it passes through a server, which does not look into it.

    config: that counts, whichever was packed. blobs: of `checkpoint.pack`, the run and its snapshots.
    """

    config: SubjectConfig
    generation: int
    blobs: tuple[bytes, list[bytes]] = field(repr=False)


@dataclass(frozen=True)
class WorkerOptions:
    """folder, most_mb, keep_days: of the store (see store.py); no folder, no saves. save_every: seconds.
    share: of its time that its runs may take, from 0 to 1.
    """

    folder: str | None = None
    most_mb: float = 4000
    keep_days: float = 30
    save_every: float = 4.0
    share: float = 1.0
