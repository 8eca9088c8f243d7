"""Cell state, hidden state and gates of all units over the tokens of one sequence, as heatmaps.

Screens and hands_on may import it. Start with heatmaps.py.
"""
