"""What a trained network shows when it is looked at: one unit's numbers, activations over held-out data,
patterns of tokens, and the search for units.

It imports config, nn and tasks. Start with unit_numbers.py.
"""
