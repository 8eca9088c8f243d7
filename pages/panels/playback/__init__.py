"""Play, pause, step and reset; the bar of past steps; the queue; the gradient check.

Page files may import it. Start with transport.py, then transport.js.
"""
