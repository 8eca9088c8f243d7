"""The servers that the bench measures."""

from __future__ import annotations

import contextlib
import json
import math
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers import Server


class MeasuredServer(Server):
    """A server whose runs can be opened without a browser, and whose memory can be read."""

    @property
    def socket(self) -> str:
        """Address of its live channel."""
        return f"{self.url.replace('http', 'ws', 1)}/live/socket"

    def open_runs(self, count: int) -> list[str]:
        """Tokens of new default Text runs; only of a server that was started with opening.py."""
        return list(self._ask(f"bench/open?runs={count}", "POST"))

    def share_run(self, token: str) -> str:
        """The code under which others may watch a run; only with opening.py."""
        return str(self._ask(f"bench/share?token={token}", "POST"))

    def steps(self) -> tuple[float, float]:
        """Training steps of all runs so far, and the server's clock then; only with opening.py."""
        steps, when = self._ask("bench/steps")
        return steps, when

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.url}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def health(self) -> Any:
        """What it says of itself."""
        return self._ask("api/health")

    def processes(self) -> list[Path]:
        """In /proc: the server's own, and those that train for it; empty where the system does not tell."""
        own = Path(f"/proc/{self.process.pid}")
        children = "".join(path.read_text() for path in own.glob("task/*/children")).split()
        return [own, *(Path(f"/proc/{child}") for child in children)] if own.exists() else []

    def memory(self) -> float:
        """Megabytes of memory that all of them hold, what they share counted once; not a number where the
        system does not tell.
        """
        try:
            sizes = [(place / "smaps_rollup").read_text() for place in self.processes()]
        except OSError:
            return math.nan
        lines = [line for size in sizes for line in size.splitlines() if line.startswith("Pss:")]
        return sum(int(line.split()[1]) for line in lines) / 1024 if lines else math.nan


@contextlib.contextmanager
def serve(script: str = "app.py", **environment: str) -> Iterator[MeasuredServer]:
    """A server from the moment it is healthy, gone afterwards."""
    server = MeasuredServer(script, **environment)
    try:
        yield server
    finally:
        server.stop()
