"""What a run trains: one network, or several side by side. One interface, one registry.

It imports frames and what lies below; configs.py, and the settings in it, need no torch. Start with
experiment.py (the interface) and registry.py.
"""
