"""Letting others follow a run, following one by its code, and exporting it as files.

Pages and playback may import it. Start with toolbar.py.
"""
