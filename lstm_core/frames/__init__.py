"""What a viewer sees of one moment of a network, and its form on the wire.

It imports training, analysis and what lies below. Start with frame.py, then observer.py.
"""
