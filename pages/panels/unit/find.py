"""The Find panel: which units tell what is marked from the rest, and how well an untrained network does."""

from __future__ import annotations

from pages.live.client.component import mount


def find_panel(token: str, cell: str, *, key: str, series: bool = False) -> None:
    """Ask for a pattern or for the part that is marked in the sequence; the answer is a list of units."""
    mount("find.js", key=key, token=token, height=276, kind="series" if series else "text", cell=cell)
