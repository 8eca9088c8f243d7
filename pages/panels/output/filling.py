"""What a text network makes that fills gaps: the text it reads with its gaps filled, and how that grew."""

from __future__ import annotations

from pages.live.client.component import mount


def filling(token: str, *, key: str, height: int) -> None:
    """The probe with its gaps filled, right and wrong ones marked; and how many it fills elsewhere."""
    mount("filling.js", key=key, token=token, height=height, stretch=True, part="filled")


def filling_grew(token: str, *, key: str, height: int) -> None:
    """The probe as it was filled at steps 0, 10, 30, 100, 300, …"""
    mount("filling.js", key=key, token=token, height=height, stretch=True, part="growth")


def likeliest(token: str, *, key: str, height: int) -> None:
    """The eight likeliest tokens for the chosen gap, with their probabilities."""
    mount("filling.js", key=key, token=token, height=height, stretch=True, part="next")
