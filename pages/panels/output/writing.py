"""What a text network makes: its running sample, how that grew, and its next token."""

from __future__ import annotations

from pages.live.client.component import mount


def writing(token: str, *, key: str, height: int) -> None:
    """The text that the network writes now, after its prompt."""
    mount("writing.js", key=key, token=token, height=height, stretch=True, part="sample")


def growth(token: str, *, key: str, height: int) -> None:
    """Short samples from steps 0, 10, 30, 100, 300, …"""
    mount("writing.js", key=key, token=token, height=height, stretch=True, part="growth")


def next_token(token: str, *, key: str, height: int) -> None:
    """The eight likeliest next tokens after the prompt, with their probabilities."""
    mount("writing.js", key=key, token=token, height=height, stretch=True, part="next")
