"""One unit of an LSTM at one time step, as a diagram with all its numbers: live, or played by hand."""

from __future__ import annotations

from pages.common.colours import GATES, NAMES, text_colour
from pages.live.client.component import mount


def cell(token: str, *, key: str, height: int, above: int, strip: int) -> None:
    """The chosen unit at the chosen time step of the probe, in the network of `token`, while it trains.

    It fills the rest of the window, and has at least `height` pixels. above: pixels that other things take.
    strip: `height` of a stretching panel among them, 0 without one.
    """
    mount("cell.js", key=key, token=token, height=height, above=above, strip=strip, colours=_colours())


def cell_by_hand(*, key: str, height: int, above: int) -> None:
    """One unit with its weights in the reader's hand; needs no run. Its sliders: `hand_sliders`.

    height, above: as for `cell`.
    """
    mount("cell_hand.js", key=key, token="", height=height, above=above, colours=_colours())


def hand_sliders(*, key: str, height: int) -> None:
    """Inputs and weights of the unit that `cell_by_hand` shows on the same page."""
    names = {signal: name for signal, (name, _, _) in NAMES.items()}
    mount("cell_sliders.js", key=key, token="", height=height, colours=_colours(), names=names)


def _colours() -> dict[str, str]:
    return {signal: text_colour(signal) for signal in GATES}
