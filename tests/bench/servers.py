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
        return list(self._ask(f"open?runs={count}", "POST"))

    def share_run(self, token: str) -> str:
        """The code under which others may watch a run; only with opening.py."""
        return str(self._ask(f"share?token={token}", "POST"))

    def steps(self) -> tuple[float, float]:
        """Training steps of all runs so far, and the server's clock then; only with opening.py."""
        steps, when = self._ask("steps")
        return steps, when

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.url}/bench/{path}", method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def memory(self) -> float:
        """Megabytes of memory that the process holds; not a number where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return math.nan
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextlib.contextmanager
def serve(script: str = "app.py", **environment: str) -> Iterator[MeasuredServer]:
    """A server from the moment it is healthy, gone afterwards."""
    server = MeasuredServer(script, **environment)
    try:
        yield server
    finally:
        server.stop()
