"""A class: many runs, each with a viewer at ten frames a second, on one real server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.bench.report import Figure, Options, percentile
from tests.bench.servers import MeasuredServer, serve
from tests.servers import ROOT


def measure(options: Options) -> Iterator[Figure]:
    """Fairness, the rhythm and age of frames, memory, errors."""
    count, seconds = options.runs, options.seconds(10, 3)
    with serve("tests/bench/opening.py", LSTM_MAX_RUNS=str(max(64, count + 1))) as server:
        # one run first: what is loaded at the first use is not the price of a run
        (alone,), _ = _watch(server, server.open_runs(1), 2, options.seconds(3, 1))
        empty = server.memory()
        notes, full = _watch(server, server.open_runs(count), 3, seconds)
    rates = [note["rate"] for note in notes]
    gaps = [gap for note in notes for gap in note["gaps"]]
    ages = [age for note in notes for age in note["ages"]]
    errors = [error for note in notes for error in note["errors"]]
    for error in sorted(set(errors)):
        print(f"  error: {error[:200]}")
    spread = max(rates) / min(rates) if min(rates) > 0 else float("inf")
    many = f"{count} runs and viewers: "
    yield Figure("runs", "runs, each with a viewer", count)
    about = f"{many}training steps of all"
    yield Figure("steps", about, sum(rates), "steps/s", alone["rate"], "one run alone")
    about = f"{many}fastest of the runs"
    yield Figure("fastest", about, max(rates), "steps/s", min(rates), "slowest", spread, at_most=1.5)
    yield Figure("frames", f"{many}frames each", len(ages) / seconds / count, "frames/s")
    yield Figure("gap_p95", f"{many}gap between frames, p95", 1000 * percentile(gaps, 95), "ms", at_most=250)
    yield Figure("gap_max", f"{many}longest gap", 1000 * max(gaps, default=float("nan")), "ms")
    yield Figure("age_p95", f"{many}age of a frame, p95", 1000 * percentile(ages, 95), "ms", at_most=1000)
    yield Figure("memory_per_run", f"{many}memory per run", (full - empty) / count, "MB", at_most=15)
    yield Figure("memory", f"{many}memory of the server", full, "MB")
    yield Figure("errors", f"{many}errors", len(errors), at_most=0)


def _watch(
    server: MeasuredServer, tokens: list[str], warm: float, seconds: float
) -> tuple[list[dict[str, Any]], float]:
    """The notes of one viewer a token, and the most memory that the server held meanwhile."""
    command = [sys.executable, "-m", "tests.bench.audience", server.socket, str(warm), str(seconds)]
    audience = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert audience.stdin
        assert audience.stdout
        audience.stdin.write(json.dumps(tokens))
        audience.stdin.close()
        memory, end = 0.0, time.monotonic() + warm + seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            memory = max(memory, server.memory())
        return json.loads(audience.stdout.read()), memory
    finally:
        audience.kill()
        audience.wait()
