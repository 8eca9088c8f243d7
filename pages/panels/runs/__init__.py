"""Which run a page shows: started from its settings, found again, adopted from elsewhere, or branched off.

Pages and the panels of playback, sharing and experiments may import it. Start with run.py.
"""
