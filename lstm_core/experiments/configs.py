"""All settings of a run, of whatever kind it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lstm_core.config import RunConfig
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.tasks import make_task

__all__ = ["AblationConfig", "PairConfig", "RaceConfig", "SubjectConfig", "check_data", "without_past"]

SubjectConfig = RunConfig | RaceConfig | AblationConfig | PairConfig


def check_data(config: SubjectConfig) -> None:
    """Raises ValueError, one sentence for the page, when there is data that cannot be learnt from."""
    for side in config.sides if isinstance(config, PairConfig) else (config,):
        make_task(side.task, side.train)


def without_past(config: Any) -> Any:
    """The config with a view of now."""
    if isinstance(config, RunConfig) and config.view.at is not None:
        return replace(config, view=replace(config.view, at=None))
    return config
