"""What a network learns from: a text, a series, or something to remember."""

from __future__ import annotations

from typing import overload

from lstm_core.config import MemoryConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.tasks.batch import Batch
from lstm_core.tasks.memory import MemoryTask
from lstm_core.tasks.series import SeriesTask
from lstm_core.tasks.text import TextTask

__all__ = ["Batch", "MemoryTask", "SeriesTask", "Task", "TextTask", "make_task"]

Task = TextTask | SeriesTask | MemoryTask


@overload
def make_task(config: TextConfig, train: TrainConfig) -> TextTask: ...
@overload
def make_task(config: SeriesConfig, train: TrainConfig) -> SeriesTask: ...
@overload
def make_task(config: MemoryConfig, train: TrainConfig) -> MemoryTask: ...
@overload
def make_task(config: TextConfig | SeriesConfig | MemoryConfig, train: TrainConfig) -> Task: ...
def make_task(config: TextConfig | SeriesConfig | MemoryConfig, train: TrainConfig) -> Task:
    """The task that a config describes. Raises ValueError, one sentence, if its data cannot be learnt."""
    if isinstance(config, TextConfig):
        return TextTask(config, train)
    if isinstance(config, SeriesConfig):
        return SeriesTask(config, train)
    return MemoryTask(config, train)
