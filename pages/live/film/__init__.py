"""A run's history as one HTML file that plays by itself: the route that makes it, its figure and its text.

app.py may import it. Start with route.py, then layout.py.
"""
