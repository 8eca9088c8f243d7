"""What `GET /api/health` answers: for whoever watches the server. It holds nothing that belongs to a user.

200 and `status` "ok": all is well. 200 and "degraded": the pages work, but something is wrong that somebody
should look after; `problems` says what. 503 and "down": no run can train, so that a new process is needed.
A proxy may send nobody to a server that answers 503, but it should go on with one that is degraded: runs live
there, and elsewhere there are none of them.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from lstm_core.config.server_settings import Limits
from lstm_core.server.host import RunHost
from lstm_core.storage.store import Store

ROOT = Path(__file__).parents[3]
LITTLE_MB = 100  # free on the disk of the saved runs: below this, somebody should know
SIZES_FOR = 10.0  # seconds that the sizes of files stay as they were read
STARTED = time.monotonic()
SECRET = ("data", "frame_ancestors", "log_level")  # of the limits: no numbers, and nobody else's business


def code_version() -> str:
    """Which state of the code runs here: 12 hexadecimal digits, the same where the sources are."""
    paths = [ROOT / "app.py", *ROOT.glob("pages/**/*.*"), *ROOT.glob("lstm_core/**/*.*")]
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.suffix in (".py", ".js", ".css")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def memory_mb(processes: Iterable[int] = ()) -> float:
    """Megabytes of memory that this process and these hold, what they share counted once; where the system
    does not tell, the most that this one ever held.
    """
    try:
        held = sum(_proportional_kb(process) for process in (os.getpid(), *processes))
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(most / (1e6 if sys.platform == "darwin" else 1e3), 1)
    return round(held * 1024 / 1e6, 1)


def _proportional_kb(process: int) -> int:
    """What a process holds, of what it shares its part alone. Raises OSError."""
    sizes = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in sizes.splitlines() if line.startswith("Pss:"))


class Health:
    """Asks a host and its store how they are."""

    def __init__(self, host: RunHost, store: Store | None, limits: Limits) -> None:
        self.host = host
        self.store = store
        self.version = code_version()
        self.limits = {
            spec.metadata["variable"]: getattr(limits, spec.name)
            for spec in fields(limits)
            if spec.name not in SECRET
        }
        self._lock = threading.Lock()
        self._sizes: dict[str, float] = {}
        self._sized = -SIZES_FOR

    def report(self) -> tuple[int, dict[str, Any]]:
        """Status and content of the answer. It may read a disk, so that it is for a thread that can wait."""
        stats = self.host.stats()
        works, last, saving_fails = (stats.pop(name) for name in ("works", "last_save", "saving_fails"))
        sizes = self._read_sizes()
        problems = []
        if self.store is None:
            problems.append("LSTM_DATA cannot be written to, so that no run is saved.")
        elif saving_fails:
            problems.append("Runs cannot be saved; the log says why.")
        if sizes.get("data_free_mb", LITTLE_MB) < LITTLE_MB:
            problems.append("The disk of LSTM_DATA is almost full.")
        if not works:
            problems.append("No run trains: the process is ending, or a thread of it has died.")
        status = "down" if not works else "degraded" if problems else "ok"
        return 200 if works else 503, {
            "status": status,
            "problems": problems,
            **stats,
            "last_save_age": None if last is None else round(max(0.0, time.time() - last), 1),
            **sizes,
            "memory_mb": memory_mb(self.host.processes()),
            "uptime_seconds": round(time.monotonic() - STARTED, 1),
            "version": self.version,
            "limits": self.limits,
        }

    def _read_sizes(self) -> dict[str, float]:
        """Of the saved runs; read anew every few seconds, however often somebody asks."""
        with self._lock:
            if self.store and time.monotonic() >= self._sized + SIZES_FOR:
                try:
                    self._sizes = self.store.stats()
                except OSError:
                    self._sizes = {}
                self._sized = time.monotonic()
            return self._sizes
