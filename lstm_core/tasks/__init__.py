"""What a network learns from: a text or a series."""

from __future__ import annotations

from typing import TypeAlias

from ..config import SeriesConfig, TextConfig, TrainConfig
from .batch import Batch
from .series import SeriesTask
from .text import TextTask

Task: TypeAlias = TextTask | SeriesTask

__all__ = ["Batch", "SeriesTask", "Task", "TextTask", "make_task"]


def make_task(config: TextConfig | SeriesConfig, train: TrainConfig) -> TextTask | SeriesTask:
    """The task that a config describes. Raises ValueError, one sentence, if its data cannot be learnt."""
    if isinstance(config, TextConfig):
        return TextTask(config, train)
    return SeriesTask(config, train)
