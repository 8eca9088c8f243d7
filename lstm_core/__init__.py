"""A small LSTM that trains while it is watched: the network, its data and its training, without a screen."""

from lstm_core.trace import Trace, trace

__all__ = ["Trace", "trace"]
