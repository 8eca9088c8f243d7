"""How much is tried where any number would do: little at every push, much in LSTM_TESTS=thorough."""

import os

PROFILE = os.environ.get("LSTM_TESTS", "quick")


def times(quick: int, thorough: int) -> int:
    """The one of the two that this run of the tests is for."""
    return {"quick": quick, "thorough": thorough}[PROFILE]
