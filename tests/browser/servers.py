"""Servers of the browser tests."""

from tests.servers import Server


def start_server(base: str = "", **environment: str) -> Server:
    """A real server whose training takes what the browser leaves, and ends with the page that showed it."""
    calm = {"LSTM_PROCESSES": "1", "LSTM_LEASE_SECONDS": "0.5", "LSTM_TRAINING_SHARE": "0.3"}
    return Server(base=base, nice=2, **calm | environment)
