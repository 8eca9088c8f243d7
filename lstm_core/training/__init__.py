"""One network learning: its optimizer, its history, and snapshots of how it was.

It imports config, nn, tasks and serialization, and knows nothing of threads and viewers. Start with
trainer.py.
"""
