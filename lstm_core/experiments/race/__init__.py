"""RNN, GRU and LSTM learn one memory task side by side, with the gradient through time of each.

For experiments/registry.py, and for the pages that show it. Start with race.py.
"""
