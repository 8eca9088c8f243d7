"""Many workers: where a run lives, who may train, who watches, who may follow.

Pages import host.py. It imports runtime and what lies below, but nothing that imports torch. Start with
host.py.
"""
