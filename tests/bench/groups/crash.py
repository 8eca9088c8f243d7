"""Lightning: the server is killed at random moments, starts again, and every run has to go on."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.bench.audience import read_meta
from tests.bench.report import Figure, Options, median
from tests.bench.servers import serve

RUNS = 8


class Diary:
    """Follows one run and notes when it was at which step, until the server dies."""

    def __init__(self, address: str, token: str) -> None:
        self.notes: list[tuple[float, int]] = []
        self.lost: str | None = None  # why there is no run
        self._address, self._token = address, token
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        try:
            with connect(self._address) as socket:
                socket.send(json.dumps({"type": "hello", "token": self._token}))
                for data in socket:
                    if isinstance(data, str):
                        if json.loads(data)["type"] == "facts":
                            continue
                        self.lost = data
                        return
                    self.notes.append((time.monotonic(), read_meta(data)["step"]))
                    socket.send('{"type": "ready"}')
        except (ConnectionClosed, OSError):
            return

    def wait(self, seconds: float = 30.0) -> bool:
        """Until the first frame has come; False if none does."""
        end = time.monotonic() + seconds
        while not self.notes and self.lost is None and time.monotonic() < end:
            time.sleep(0.01)
        return bool(self.notes)

    def end(self) -> None:
        """Wait for the thread; the server has gone."""
        self._thread.join(10)


def measure(options: Options) -> Iterator[Figure]:
    """Runs lost, and the seconds of training that each kill has cost."""
    rng = random.Random(3)
    lost_runs, lost_seconds, lost_steps = 0, [], []
    kills = options.times(20, 2)
    with serve("tests/bench/opening.py") as server:
        tokens = server.open_runs(RUNS)
        for _ in range(kills):
            diaries = [Diary(server.socket, token) for token in tokens]
            lost_runs += sum(not diary.wait() for diary in diaries)
            time.sleep(rng.uniform(0.2, 7.0))
            killed = time.monotonic()
            server.stop()
            for diary in diaries:
                diary.end()
            server.start()
            again = [Diary(server.socket, token) for token in tokens]
            for before, after in zip(diaries, again, strict=True):
                if not after.wait() or not before.notes:
                    lost_runs += 1
                    continue
                step = after.notes[0][1]
                lost_steps.append(before.notes[-1][1] - step)
                reached = [when for when, at in before.notes if at >= step]
                lost_seconds.append(killed - reached[0] if reached else 0.0)
    many = f"{kills} kills, {RUNS} runs: "
    yield Figure("lost_runs", f"{many}runs lost", lost_runs, at_most=0)
    yield Figure("lost_worst", f"{many}training lost, worst", max(lost_seconds), "s", at_most=5)
    yield Figure("lost_median", f"{many}training lost, median", median(lost_seconds), "s")
    yield Figure("lost_steps", f"{many}steps lost, worst", max(lost_steps))
