"""Trees of plain values and tensors: written as JSON with named tensors, and read with every value checked.

Anyone may import it, and it imports nothing of the house. Start with reader.py.
"""
