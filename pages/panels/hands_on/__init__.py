"""Holding gates and units at a value, beside the same network as it learned.

Screens and page files may import it. Start with hands.py.
"""
