"""The pages of the app: what a browser sees of the runs in lstm_core.

app.py imports it, and nothing in lstm_core may. Start with shell.py, which lists the pages.
"""
