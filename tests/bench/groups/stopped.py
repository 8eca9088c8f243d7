"""A process that trains is stopped, so that it neither answers nor ends: its runs have to go on elsewhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise

from tests.bench.groups.crash import Diary
from tests.bench.report import Figure, Options, median
from tests.bench.servers import serve

RUNS = 4
LONGEST = 30.0  # seconds that it is waited for


def measure(options: Options) -> Iterator[Figure]:
    """Seconds without a step, and seconds of training done once more, of the runs that stood still."""
    still: list[float] = []
    lost: list[float] = []
    times = options.times(5, 1)
    with serve("tests/bench/opening.py", LSTM_PROCESSES="2") as server:
        diaries = [Diary(server.socket, token) for token in server.open_runs(RUNS)]
        for _ in range(times):
            time.sleep(7.3)  # so that it is now just after a save, now just before one
            os.kill(server.trainers()[0], signal.SIGSTOP)
            stopped = time.monotonic()
            time.sleep(1.0)
            end = stopped + LONGEST
            while time.monotonic() < end and any(_gap(diary, stopped) is None for diary in diaries):
                time.sleep(0.05)
            for gap in (_gap(diary, stopped) for diary in diaries):
                if gap is None or gap[0] > 1.0:  # else it lives in the other process
                    still.append(gap[0] if gap else LONGEST)
                    lost.append(gap[1] if gap else LONGEST)
    if not still:
        raise RuntimeError("no run stood still")
    about = f"{times} processes stopped, {RUNS} runs: "
    yield Figure("still_worst", f"{about}longest stand", max(still), "s", at_most=10)
    yield Figure("still_median", f"{about}median stand", median(still), "s")
    yield Figure("lost_worst", f"{about}training lost, worst", max(lost), "s", at_most=5)


def _gap(diary: Diary, stopped: float) -> tuple[float, float] | None:
    """The longest time between two frames since then, and by how much training fell back there; None as long
    as there is no frame that is late.
    """
    notes = [note for note in list(diary.notes) if note[0] > stopped - 1.0]
    if not notes or notes[-1][0] < stopped + 1.0:
        return None
    (before, _), (after, step) = max(pairwise(notes), key=lambda pair: pair[1][0] - pair[0][0])
    reached = [when for when, at in diary.notes if at >= step and when <= before]
    return after - before, before - reached[0] if reached else 0.0
