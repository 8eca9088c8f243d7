"""The servers that the bench measures."""

from __future__ import annotations

import contextlib
import json
import math
import re
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
        """In /proc: the server's own, those that train for it, and what begins them; empty where the system
        does not tell.
        """
        found = [own] if (own := Path(f"/proc/{self.process.pid}")).exists() else []
        for process in found:  # which grows meanwhile
            found += _children(process)
        return found

    def trainers(self) -> list[int]:
        """Numbers of the processes that train: a child of the server begins them."""
        own, *others = self.processes()
        direct = _children(own)
        return [int(process.name) for process in others if process not in direct]

    def memory(self) -> float:
        """Megabytes of memory that all of them hold. What they share counts once; so do pages of files that
        others have loaded, too. Not a number where the system does not tell.
        """
        own, files = 0.0, dict[str, float]()
        try:
            for process in self.processes():
                private = _PRIVATE.search((process / "smaps_rollup").read_text())
                own += int(private[1]) if private else math.nan
                for place, resident, anonymous in _MAPPED.findall((process / "smaps").read_text()):
                    files[place] = max(files.get(place, 0.0), int(resident) - int(anonymous))
        except OSError:
            return math.nan
        return (own + sum(files.values())) * 1.024e-3 if own else math.nan


# kB that are no file's; of each mapping its place in a file, its kB, and those that are no longer the file's
_PRIVATE = re.compile(r"^Pss_Anon: +(\d+)", re.MULTILINE)
_MAPPED = re.compile(
    r"^\w+-\w+ \S+ (\w+ \S+ \d+ +/.*)\n(?:.*\n)*?Rss: +(\d+) kB\n(?:.*\n)*?Anonymous: +(\d+) kB", re.MULTILINE
)


def _children(process: Path) -> list[Path]:
    numbers = "".join(path.read_text() for path in process.glob("task/*/children")).split()
    return [Path(f"/proc/{number}") for number in numbers]


@contextlib.contextmanager
def serve(script: str = "app.py", **environment: str) -> Iterator[MeasuredServer]:
    """A server from the moment it is healthy, gone afterwards."""
    server = MeasuredServer(script, **environment)
    try:
        yield server
    finally:
        server.stop()
