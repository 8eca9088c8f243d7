"""The panels that pages are made of, in packages by what they show, JavaScript and CSS beside the Python.

Screens and page files may import them. Start with controls/settings.py, then output/writing.py.
"""
