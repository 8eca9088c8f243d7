"""Real servers for the browser tests and the bench, each a process of its own on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_SECONDS = 180


class Server:
    """`streamlit run` of a script of this repository, until `stop`.

    `url` is the address of its pages; `healthy` when it first answered, on the monotonic clock.
    """

    def __init__(
        self,
        script: str = "app.py",
        *,
        base: str = "",
        nice: int = 0,
        health: str = "api/health",
        **environment: str,
    ) -> None:
        """base: the path below which it serves. nice: by how much it steps back behind other processes.
        health: the path that answers once it is ready.

        Raises RuntimeError if it never answers.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{base}"
        # saved runs of its own, which it finds again when it starts again
        self._data = tempfile.TemporaryDirectory(prefix="lstm-runs-")
        data = {"PYTHONPATH": str(ROOT), "LSTM_DATA": self._data.name}
        self.environment = os.environ | data | environment
        self.command = [
            *(sys.executable, "-m", "streamlit", "run", script),
            *("--server.headless=true", "--server.address=127.0.0.1"),
            *(f"--server.port={port}", f"--server.baseUrlPath={base}"),
        ]
        self.nice = nice
        self.health_path = health
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115  open as long as the server may start again
        self.start()

    def start(self) -> None:
        """Again, after a `stop`."""
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, stdout=self._log, stderr=subprocess.STDOUT
        )
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, self.process.pid, own + self.nice)  # its own processes inherit it
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/{self.health_path}", timeout=5).close()
            except OSError:
                time.sleep(0.01)
            else:
                self.healthy = time.monotonic()
                return
        raise RuntimeError(f"the server did not become healthy. It said:\n{self.said()[-2000:]}")

    def said(self) -> str:
        """All that it has printed so far."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
