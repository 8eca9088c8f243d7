"""Text boxes of a screen: live where the run may be changed, and to be read only for those who follow it."""

from __future__ import annotations

from pages.live.inputs.slider import live_text
from pages.panels.controls.settings import Settings


def text_box(settings: Settings | None, label: str, name: str, token: str, about: str) -> None:
    """A box for `probe` or `prompt` of the view. settings: of the page whose run it is; None: view-only."""
    if settings:
        settings.text(label, name, token, about=about)
    else:
        live_text(label, name, None, key=f"follow_{name}", token=token, about=about)
