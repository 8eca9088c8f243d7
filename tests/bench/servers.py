"""Real servers for the bench, each a process of its own on a free port, gone when the bench is."""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """A server that answers. `healthy` is when it first did, on the monotonic clock."""

    process: subprocess.Popen[bytes]
    port: int
    healthy: float

    @property
    def address(self) -> str:
        """Of its pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        """Of its live channel."""
        return f"ws://127.0.0.1:{self.port}/live/socket"

    def open_runs(self, count: int) -> list[str]:
        """Tokens of new default Text runs; only of a server that was started with opening.py."""
        request = urllib.request.Request(f"{self.address}/bench/open?runs={count}", method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return list(json.load(answer))

    def memory(self) -> float:
        """Megabytes of memory that the process holds; not a number where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return math.nan
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextlib.contextmanager
def serve(script: str = "app.py", **environment: str) -> Iterator[Server]:
    """`streamlit run` of a script of this repository, from the moment it is healthy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = {"server.port": port, "server.address": "127.0.0.1", "server.headless": "true"}
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield Server(process, port, _wait(process, port, log))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> float:
    """The moment at which the health route first says "ok"."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer:
                if json.load(answer).get("status") == "ok":
                    return time.monotonic()
        except (OSError, ValueError):
            pass  # not yet
        time.sleep(0.01)
    log.seek(0)
    last = log.read().decode(errors="replace")[-2000:]
    raise RuntimeError(f"the server did not become healthy within {START_SECONDS} seconds. It said:\n{last}")
