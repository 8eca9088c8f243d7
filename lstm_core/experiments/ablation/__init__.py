"""The LSTM and its variants with a gate taken away, all of them from several seeds in one stacked cell.

For experiments/registry.py, and for the page that shows it. Start with ablation.py.
"""
