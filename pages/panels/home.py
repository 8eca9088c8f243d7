"""Taking a run home: its file, its numbers and its code."""

from __future__ import annotations

from pages.panels.settings import Settings


def home_panel(token: str, settings: Settings) -> None:
    """Download and upload of a run, its trace as a table, and the script that does the same."""
