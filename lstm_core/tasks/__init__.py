"""What a network learns from: a text or a series."""

from __future__ import annotations

from lstm_core.config import SeriesConfig, TextConfig, TrainConfig
from lstm_core.tasks.batch import Batch
from lstm_core.tasks.series import SeriesTask
from lstm_core.tasks.text import TextTask

__all__ = ["Batch", "SeriesTask", "TextTask", "make_task"]


def make_task(config: TextConfig | SeriesConfig, train: TrainConfig) -> TextTask | SeriesTask:
    """The task that a config describes. Raises ValueError, one sentence, if its data cannot be learnt."""
    if isinstance(config, TextConfig):
        return TextTask(config, train)
    return SeriesTask(config, train)
