"""What the network computes while it reads the probe, laid out for its cell: memory above, gates below."""

from __future__ import annotations

from lstm_core.config import MEMORY, RunConfig
from pages.common.colours import NAMES
from pages.common.heading import heading
from pages.panels.heatmaps.heatmaps import gates, gates_of, memory
from pages.panels.unit.unit import unit_lines

ABOUT = "what each unit remembers as it reads"
NO_GATES = "all of h is computed anew at every step; nothing protects it"
ONE_UNIT = "all of h is computed anew at every step; here the chosen unit's"
NOTE = 26  # pixels that a heading takes, with the gap below
LINES = 132  # pixels of the lines that stand where a cell has no gates


def memory_heading(config: RunConfig, about: str = "") -> None:
    """The heading of the memory's heatmap: in which state this cell remembers, and from which end."""
    model = config.model
    signal = MEMORY[model.cell]
    backwards = model.bidirectional and config.view.layer % 2
    heading(
        f"{NAMES[signal][0].capitalize()} {signal}",
        about or f"{ABOUT}{', from the end' if backwards else ''}",
        signal,
    )


def memory_and_gates(
    token: str,
    cell: str,
    *,
    key: str,
    heights: tuple[int, int],
    narrow: bool = False,
    lines: bool = False,
    **options: bool,
) -> None:
    """The heatmap of the memory and those of the gates, of these heights; `options` are those of `memory`.

    A plain RNN has no gates: a sentence says so, and the memory has their room, or shares it with the chosen
    unit's h as a line if `lines` says so.
    """
    above, below = heights
    if gates_of(cell):
        memory(token, cell, key=f"{key}_cell", height=above, **options)
        gates(token, cell, key=f"{key}_gates", height=below, narrow=narrow)
        return
    room = above + below - NOTE - (LINES if lines else 0)
    memory(token, cell, key=f"{key}_cell", height=room, **options)
    tooltip = f"A plain RNN has no gates: {NO_GATES}."
    heading("No gates", ONE_UNIT if lines else NO_GATES, tooltip=tooltip)
    if lines:
        unit_lines(token, cell, key=f"{key}_lines", height=LINES)
