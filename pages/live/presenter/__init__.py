"""Presenter mode: larger type for a projector, one panel at a time, and the keys of all pages.

shell.py may import it. Start with presenter.py.
"""
