"""Plotly figures whose arrays are replaced in place while frames arrive, and their export as pictures.

Panels may import it. Start with figure.py, then figure.js.
"""
