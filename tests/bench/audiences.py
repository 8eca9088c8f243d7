"""Starts an audience (audience.py) as a process of its own, and reads its notes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.servers import MeasuredServer
from tests.servers import ROOT


def watch(
    server: MeasuredServer,
    keys: list[str],
    warm: float,
    seconds: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[dict[str, Any]]:
    """The notes of one viewer a key. `meanwhile` is called every half second while they are taken."""
    command = [sys.executable, "-m", "tests.bench.audience", server.socket, str(warm), str(seconds)]
    audience = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert audience.stdin
        assert audience.stdout
        audience.stdin.write(json.dumps(keys))
        audience.stdin.close()
        end = time.monotonic() + warm + seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            meanwhile()
        return list(json.loads(audience.stdout.read()))
    finally:
        audience.kill()
        audience.wait()
