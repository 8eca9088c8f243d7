"""Sidebar widgets: the settings of a page, its network, its own data, its wave.

Pages, screens and the panels that know of runs may import it. Start with settings.py.
"""
