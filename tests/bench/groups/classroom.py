"""A class: many runs, each with a viewer at ten frames a second, on one real server."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.audiences import watch
from tests.bench.report import Figure, Options, percentile
from tests.bench.servers import serve

# runs → milliseconds that the gap between two frames and their age may take, p95
REACHES = {30: (250, 1000), 60: (300, 1500)}


def measure(options: Options) -> Iterator[Figure]:
    """Fairness, the rhythm and age of frames, memory, errors; in a class and in a large one."""
    for count in [options.runs] if options.runs else REACHES:
        yield from _class(options, count)


def _class(options: Options, count: int) -> Iterator[Figure]:
    seconds = options.seconds(10, 3)
    gap, age = REACHES[30 if count <= 30 else 60]
    with serve("tests/bench/opening.py", LSTM_MAX_RUNS=str(max(64, count + 1))) as server:
        (alone,) = watch(server, server.open_runs(1), 2, options.seconds(3, 1))
        # then a few for every process: what is loaded at the first use is not the price of a run
        watch(server, server.open_runs(2 * max(1, len(server.trainers()))), 1, 1)
        empty = full = server.memory()

        def look() -> None:
            nonlocal full
            full = max(full, server.memory())

        notes = watch(server, server.open_runs(count), 3, seconds, look)
    rates = [note["rate"] for note in notes]
    gaps = [gap for note in notes for gap in note["gaps"]]
    ages = [age for note in notes for age in note["ages"]]
    errors = [error for note in notes for error in note["errors"]]
    for error in sorted(set(errors)):
        print(f"  error: {error[:200]}")
    spread = max(rates) / min(rates) if min(rates) > 0 else float("inf")
    name, many = f"{count}_", f"{count} runs and viewers: "
    about = f"{many}training steps of all"
    yield Figure(f"{name}steps", about, sum(rates), "steps/s", alone["rate"], "one run alone")
    about = f"{many}fastest of the runs"
    yield Figure(f"{name}fastest", about, max(rates), "steps/s", min(rates), "slowest", spread, at_most=1.5)
    yield Figure(f"{name}frames", f"{many}frames each", len(ages) / seconds / count, "frames/s")
    about = f"{many}gap between frames, p95"
    yield Figure(f"{name}gap_p95", about, 1000 * percentile(gaps, 95), "ms", at_most=gap)
    longest = 1000 * max(gaps, default=float("nan"))
    yield Figure(f"{name}gap_max", f"{many}longest gap", longest, "ms")
    about = f"{many}age of a frame, p95"
    yield Figure(f"{name}age_p95", about, 1000 * percentile(ages, 95), "ms", at_most=age)
    memory = (full - empty) / count
    yield Figure(f"{name}memory_per_run", f"{many}memory per run", memory, "MB", at_most=15)
    yield Figure(f"{name}memory", f"{many}memory of the server", full, "MB")
    yield Figure(f"{name}errors", f"{many}errors", len(errors), at_most=0)
