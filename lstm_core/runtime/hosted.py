"""HostedRun: what a host sees of a run, be it in this process (run.py) or in another (remote.py)."""

from __future__ import annotations

from typing import Any, Protocol

from lstm_core.experiments.registry import SubjectConfig
from lstm_core.storage.checkpoint import Saved


class HostedRun(Protocol):
    """As described in run.py. `work` and `save` are for the thread that works on the run."""

    about: dict[str, Any]
    wanted: bool
    wants: frozenset[str]

    @property
    def config(self) -> SubjectConfig: ...

    @property
    def playing(self) -> bool: ...

    @property
    def generation(self) -> int: ...

    @property
    def latest(self) -> bytes | None: ...

    @property
    def steps(self) -> int: ...

    @property
    def step_count(self) -> int | None: ...

    @property
    def spent(self) -> float: ...

    def post(self, message: dict[str, Any]) -> None: ...

    def refresh(self) -> None: ...

    def work(self, seconds: float) -> float | None: ...

    def save(self) -> Saved: ...
