"""Limits: what one server gives to all who use it. Each is an environment variable; this is the one list."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lstm_core.config.fields import Checked


def limit(variable: str, default: float, low: float, high: float, about: str) -> Any:
    """A limit that the environment variable `variable` sets, in [low, high]."""
    return field(default=default, metadata={"variable": variable, "low": low, "high": high, "about": about})


_KINDS: dict[type, Callable[[str], Any]] = {int: int, float: float, str: str, type(Path()): Path}


@dataclass(frozen=True)
class Limits(Checked):
    """What one server gives. Raises ValueError for a limit out of its range."""

    processes: int = limit(
        "LSTM_PROCESSES", 0, 0, 256, "Processes that train; 0 for one on each core, 8 at most."
    )
    share: float = limit(
        "LSTM_TRAINING_SHARE", 1.0, 0.1, 1.0, "Share of a core's time that each of them takes at most."
    )
    runs: int = limit("LSTM_MAX_RUNS", 64, 1, 10_000, "Runs that train at once; others wait in line.")
    parameters: int = limit(
        "LSTM_MAX_PARAMETERS", 10_000_000, 1_000, 10**9, "Trainable numbers of one run, all its networks."
    )
    run_mb: int = limit("LSTM_MAX_RUN_MB", 500, 10, 100_000, "Megabytes that one run may take, as estimated.")
    upload_mb: int = limit(
        "LSTM_UPLOAD_MB", 32, 1, 1_000, "Megabytes of an uploaded file; a text has at most 2."
    )
    messages: int = limit(
        "LSTM_MESSAGES_PER_SECOND", 300, 10, 100_000, "Messages of one viewer; a dragged slider sends 130."
    )
    viewers: int = limit("LSTM_MAX_VIEWERS", 1000, 1, 100_000, "Pages that are connected at once, in all.")
    followers: int = limit("LSTM_MAX_FOLLOWERS", 300, 1, 100_000, "Pages that follow one shared run.")
    idle: float = limit(
        "LSTM_IDLE_SECONDS", 600.0, 0.05, 1e7, "Seconds without anybody looking until a run is put to sleep."
    )
    lease: float = limit(
        "LSTM_LEASE_SECONDS", 5.0, 0.05, 3600.0, "Seconds that a run trains on when its last viewer has left."
    )
    save: float = limit("LSTM_SAVE_SECONDS", 4.0, 0.1, 3600.0, "Seconds from one save of a run to the next.")
    keep_days: float = limit(
        "LSTM_KEEP_DAYS", 30.0, 0.001, 36_500.0, "Days after which a saved run that nobody opened is deleted."
    )
    data_mb: int = limit(
        "LSTM_DATA_MB",
        4000,
        10,
        10**8,
        "Megabytes of all saved runs; hardly trained ones are deleted first, then the longest unused.",
    )
    data: Path = field(
        default=Path(".data"), metadata={"variable": "LSTM_DATA", "about": "Folder of the saved runs."}
    )
    frame_ancestors: str = field(
        default="'self'",
        metadata={
            "variable": "LSTM_FRAME_ANCESTORS",
            "about": "Who may show the pages in a frame, as in a Content-Security-Policy.",
        },
    )
    log_level: str = field(
        default="INFO",
        metadata={
            "variable": "LSTM_LOG_LEVEL",
            "about": "From which level on events are logged on stderr: DEBUG, INFO, WARNING, ERROR.",
        },
    )

    @property
    def training_processes(self) -> int:
        """How many there are."""
        return self.processes or min(8, os.cpu_count() or 1)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Limits:
        """The limits that the environment sets, and the defaults of the others. Raises ValueError, naming the
        variable, for what cannot be used.
        """
        given: dict[str, Any] = {}
        for spec in fields(cls):
            variable = spec.metadata["variable"]
            text = environment.get(variable, "").strip()
            if not text:
                continue
            try:
                given[spec.name] = _KINDS[type(spec.default)](text)
                cls(**{spec.name: given[spec.name]})
            except ValueError as error:
                wrong = f"{variable}={text[:40]!r} cannot be used"
                raise ValueError(f"{wrong}: {error}") from error
        return cls(**given)
