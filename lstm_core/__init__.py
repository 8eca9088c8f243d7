"""Small recurrent networks that train while they are watched: cells, data and training, without a screen."""

from lstm_core.nn.trace import GRUTrace, RNNTrace, Trace, trace

__all__ = ["GRUTrace", "RNNTrace", "Trace", "trace"]
