"""A lecture: one run, and two hundred who follow it at ten frames a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from websockets.sync.client import connect

from tests.bench.audiences import watch
from tests.bench.report import Figure, Options, median, percentile
from tests.bench.servers import MeasuredServer, serve

FOLLOWERS = 200


def measure(options: Options) -> Iterator[Figure]:
    """The followers' rhythm, and what they cost the run that they follow."""
    seconds = options.seconds(5, 2)
    free, followed, gaps, ages, errors = [], [], [], [], []
    with serve("tests/bench/opening.py") as server:
        (token,) = server.open_runs(1)
        code = server.share_run(token)
        # a page that is open, but in the background: it keeps the run going and asks for no frame
        with connect(server.socket) as background:
            background.send(json.dumps({"type": "hello", "token": token}))
            background.recv()
            time.sleep(2)
            for _ in range(options.times(4, 1)):
                free.append(_rate(server, seconds))
                counts: list[tuple[float, float]] = []
                notes = watch(
                    server,
                    [code] * FOLLOWERS,
                    4,
                    seconds,
                    lambda counts=counts: counts.append(server.steps()),
                )
                late = [one for one in counts if one[1] >= counts[-1][1] - seconds]
                followed.append((late[-1][0] - late[0][0]) / (late[-1][1] - late[0][1]))
                gaps += [gap for note in notes for gap in note["gaps"]]
                ages += [age for note in notes for age in note["ages"]]
                errors += [error for note in notes for error in note["errors"]]
                time.sleep(1)
    for error in sorted(set(errors)):
        print(f"  error: {error[:200]}")
    ratio = median([one / other for one, other in zip(followed, free, strict=True)])
    about = f"training while {FOLLOWERS} follow"
    yield Figure(
        "steps", about, median(followed), "steps/s", median(free), "nobody draws", ratio, at_least=0.7
    )
    each = len(ages) / seconds / FOLLOWERS / len(followed)
    yield Figure("frames", f"{FOLLOWERS} followers: frames each (at most 10)", each, "frames/s")
    about = f"{FOLLOWERS} followers: gap between frames, p95"
    yield Figure("gap_p95", about, 1000 * percentile(gaps, 95), "ms", at_most=250)
    about = f"{FOLLOWERS} followers: age of a frame, p95"
    yield Figure("age_p95", about, 1000 * percentile(ages, 95), "ms")
    yield Figure("errors", f"{FOLLOWERS} followers: errors", len(errors), at_most=0)


def _rate(server: MeasuredServer, seconds: float) -> float:
    """Training steps per second of all runs."""
    steps, start = server.steps()
    time.sleep(seconds)
    later, end = server.steps()
    return (later - steps) / (end - start)
