"""The networks: cells in plain equations, fused kernels, the exact trace of every gate, backpropagation
through time written out, interventions (gates held by hand), and sampling.

It imports config. Start with cell.py, then trace.py.
"""
