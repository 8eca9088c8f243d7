"""All screens: the main area of each page, below its transport bar, as one function (token, config, …)."""

from __future__ import annotations

from collections.abc import Callable

from pages.screens import ablation, bptt, cell, compare, hands, inside, memory, series, text

SCREENS: dict[str, Callable[..., None]] = {
    "text": text.screen,
    "series": series.screen,
    "inside": inside.screen,
    "cell": cell.screen,
    "hands": hands.screen,
    "memory": memory.screen,
    "bptt": bptt.screen,
    "ablation": ablation.screen,
    "compare": compare.screen,
}
NAMES = {
    "text": "Text",
    "series": "Series",
    "inside": "Look inside",
    "cell": "Cell",
    "hands": "Hands on",
    "memory": "Memory",
    "bptt": "BPTT",
    "ablation": "Gates away",
    "compare": "Compare",
}
# page that a run belongs to → screens on which it can be shown, the first one unless there is a reason
SHOWN_ON = {
    "text": ("text", "inside", "cell", "hands"),
    "series": ("series", "inside", "cell", "hands"),
    "memory": ("memory", "bptt"),
    "ablation": ("ablation",),
    "compare": ("compare",),
}
# what a page that shows no run is told as → what those who follow read meanwhile
NOT_FOLLOWED = {
    "guide": "Your teacher has turned to the **Guide**, which shows no network. Below is how theirs is now.",
    "by_hand": "Your teacher plays **Cell → By hand**. Its numbers stay on their screen; you can play it, "
    "too, on the Cell page. Below is how their network is now.",
    "follow": "Your teacher follows somebody else’s run. Below is how their own network stands now.",
}
