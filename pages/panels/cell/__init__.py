"""One step of one cell as a diagram with its numbers and its equations; by hand, too.

The Cell page and its screen may import it. Start with cell.py, then cell_board.js.
"""
