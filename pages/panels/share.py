"""Sharing a run: others watch it, and nobody else can touch it."""

from __future__ import annotations

from pages.panels.settings import Settings


def share_panel(token: str, settings: Settings) -> None:
    """Code, link and QR code of a run; how many follow it; and the end of sharing."""
