"""What a run is: every setting a typed field with its range and its tooltip; and what one server gives.

Anyone may import it; it imports nothing of the house. Start with run.py: `RunConfig` holds all the others.
"""

from lstm_core.config.fields import Checked, flag, limits, one_of, ranged
from lstm_core.config.model import CELLS, GATES, MEMORY, MOST_UNITS, SIGNALS, ModelConfig
from lstm_core.config.run import WORK_LIMIT, RunConfig, layer_work, memory_length
from lstm_core.config.tasks import (
    CORPORA,
    IGNORED,
    MEMORY_TASKS,
    SERIES,
    STOCKS,
    MemoryConfig,
    SeriesConfig,
    TextConfig,
)
from lstm_core.config.training import LONGEST_LAG, Knobs, TrainConfig
from lstm_core.config.view import HELD, TEXT_LIMIT, Hands, View

__all__ = [
    "CELLS",
    "CORPORA",
    "GATES",
    "HELD",
    "IGNORED",
    "LONGEST_LAG",
    "MEMORY",
    "MEMORY_TASKS",
    "MOST_UNITS",
    "SERIES",
    "SIGNALS",
    "STOCKS",
    "TEXT_LIMIT",
    "WORK_LIMIT",
    "Checked",
    "Hands",
    "Knobs",
    "MemoryConfig",
    "ModelConfig",
    "RunConfig",
    "SeriesConfig",
    "TextConfig",
    "TrainConfig",
    "View",
    "flag",
    "layer_work",
    "limits",
    "memory_length",
    "one_of",
    "ranged",
]
