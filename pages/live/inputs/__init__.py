"""Sliders and text boxes that act on a run while they are moved, not when they are let go.

Panels, screens and presenter mode may import it. Start with slider.py.
"""
