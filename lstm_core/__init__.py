"""Small recurrent networks that train while they are watched: cells, data and training, without a screen."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_core.nn.trace import GRUTrace, RNNTrace, Trace, trace
    from lstm_core.tasks.upload import Table, read_table

__all__ = ["GRUTrace", "RNNTrace", "Table", "Trace", "read_table", "trace"]

_TRACE, _UPLOAD = "lstm_core.nn.trace", "lstm_core.tasks.upload"
_MODULES = dict.fromkeys(("GRUTrace", "RNNTrace", "Trace", "trace"), _TRACE)
_MODULES |= dict.fromkeys(("Table", "read_table"), _UPLOAD)


def __getattr__(name: str) -> Any:
    """What stands above, imported when it is first asked for: whoever needs no trace needs no torch."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
