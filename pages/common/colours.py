"""One colour per gate, on every page: Okabe & Ito's set, safe for colour-blind eyes.

What that set leaves over, yellow and black, cannot be told from c or from the text once it is dark enough to
be read on white. So z and r have hues of their own, far from each other and from n and h in every kind of
colour-blindness; a GRU's candidate n is what the LSTM's g is, and looks like it.

Each scale is a pair, for the light and for the dark theme: 0 (closed, or nothing) is always the colour
that recedes into the page, so that what is open or strong stands out.
"""

from __future__ import annotations

GATES = {
    "i": "#0072B2",  # blue
    "f": "#D55E00",  # vermillion
    "g": "#009E73",  # bluish green
    "o": "#A94C85",  # reddish purple, darkened so that it can be read as text on white
    "c": "#9A6B00",  # orange, darkened likewise
    "h": "#2E8BC0",  # sky blue, darkened likewise
    "r": "#6F4BC9",  # violet
    "z": "#932A5E",  # wine
    "n": "#009E73",
}
SIGMOIDS = "iforz"  # signals from 0, closed, to 1, open; all others have a sign
NAMES = {
    "i": ("input gate", "iₜ", "what to write"),
    "f": ("forget gate", "fₜ", "what to keep"),
    "g": ("candidate", "gₜ", "new content"),
    "o": ("output gate", "oₜ", "what to show"),
    "c": ("cell state", "cₜ", "what it remembers"),
    "h": ("hidden state", "hₜ", "what it says"),
    "r": ("reset gate", "rₜ", "what to look back at"),
    "z": ("update gate", "zₜ", "what to keep"),
    "n": ("candidate", "nₜ", "new content"),
}

Scale = list[list[float | str]]


def text_colour(signal: str) -> str:
    """CSS colour of a signal's name: its own, moved towards the text's, to be legible in both themes."""
    return f"color-mix(in srgb, {GATES[signal]} 78%, currentColor)"


def on_dark(colour: str) -> str:
    """`colour` ("#rrggbb"), halfway to white: to be read on a dark page."""
    return "#" + "".join(f"{(int(colour[k : k + 2], 16) + 255) // 2:02X}" for k in (1, 3, 5))


_OPEN = {  # closed → open: from the page's own colour to the gate's
    "i": (["#F6F9FB", "#8BBEDB", "#0072B2"], ["#171C22", "#125A87", "#4DB2EC"]),
    "f": (["#FDF8F4", "#F0AE7C", "#D55E00"], ["#211A15", "#8A470C", "#FB923C"]),
    "o": (["#FCF8FA", "#DCA6C5", "#A94C85"], ["#211820", "#75395F", "#E08CBE"]),
    "r": (["#F8F7FD", "#B7A7E6", "#6F4BC9"], ["#1B1923", "#503C94", "#A98FF5"]),
    "z": (["#FCF6F8", "#C98DA9", "#932A5E"], ["#21171B", "#7B3459", "#E283B4"]),
}
_DIVERGING = (
    ["#2166AC", "#5B9DCB", "#B3D5E8", "#F7F7F7", "#F8C3A9", "#DE735C", "#B2182B"],
    ["#62B2F2", "#2F82C2", "#1A4666", "#17181C", "#733024", "#D45B45", "#FF8D6B"],
)


def gate_scale(gate: str) -> list[Scale]:
    """Sequential scale of one of SIGMOIDS, for values 0 … 1: [light, dark]."""
    return [_even(colours) for colours in _OPEN[gate]]


def scale_of(signal: str) -> list[Scale]:
    """The scale that shows `signal`: [light, dark]."""
    return gate_scale(signal) if signal in SIGMOIDS else diverging_scale()


def diverging_scale() -> list[Scale]:
    """Scale of c, h and the candidates, centred on 0; blue is negative, red positive: [light, dark]."""
    return [_even(colours) for colours in _DIVERGING]


def _even(colours: list[str]) -> Scale:
    return [[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)]
