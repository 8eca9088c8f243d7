"""The main area of each page, below its transport bar, for the page itself and for whoever follows it.

The page files may import it. Start with every.py, then text.py.
"""
