"""What of a run is taken elsewhere: its numbers as tables, its set-up as a PyTorch script.

It imports experiments and what lies below. Start with tables.py.
"""
