"""What a network makes: written text, filled gaps, the next token, a forecast; and its loss.

Screens and hands_on may import it. Start with writing.py.
"""
