"""The sequence that a network reads, each token coloured by the value of a unit.

Screens and the panels of one unit may import it. Start with sequence.py.
"""
