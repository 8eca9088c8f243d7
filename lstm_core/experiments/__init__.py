"""Experiments: several networks that learn side by side, so that a sentence about them can be tried out."""
