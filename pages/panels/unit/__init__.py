"""One hidden unit: its values, their distribution, where it is highest and lowest, and the search for one.

Screens, pages and heatmaps may import it. Start with unit.py.
"""
