"""Two networks that differ in one setting, step by step on the same data.

For experiments/registry.py, and for the page that shows it. Start with pair.py.
"""
