"""Networks that learn side by side: lanes, accuracies, gradients through time, gates taken away.

Screens and page files may import it. Start with race.py.
"""
