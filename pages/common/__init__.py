"""What panels and the live channel both need: colours, the address bar, headings, escaped Markdown.

Everything in pages/ may import it; it imports nothing from there. Start with colours.py.
"""
