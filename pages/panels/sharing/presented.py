"""What a page tells those who follow its run: which screen it shows, and how, in one string."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode


def presented(screen: str, options: dict[str, str]) -> str:
    """screen: its name; options: what its page lets one choose of its looks, as "bptt?lane=gru"."""
    return f"{screen}?{urlencode(options)}" if options else screen


def screen_of(text: str) -> tuple[str, dict[str, str]]:
    """Name and options from what `presented` made."""
    screen, _, options = text.partition("?")
    return screen, dict(parse_qsl(options))
