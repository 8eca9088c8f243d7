"""One worker: the runs that it trains, what was said to them, and how fast they go.

It imports storage and what lies below; it knows nothing of browsers. Start with run.py.
"""
