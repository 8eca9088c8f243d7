"""Two networks on the same data: both states, their difference, and what each is better at.

The Compare page and its screen may import it. Start with compare.py.
"""
