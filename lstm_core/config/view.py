"""What the viewers of a run look at, and what they hold by hand."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_core.config.fields import Checked, flag, one_of, ranged
from lstm_core.config.model import MOST_UNITS, SIGNALS

TEXT_LIMIT = 4_000  # characters of a probe or prompt that are looked at


@dataclass(frozen=True)
class View(Checked):
    """What the viewers of a run look at. It never changes how the run trains."""

    # of a bidirectional network twice its layer, plus 1 for the direction that reads from the end
    layer: int = ranged(0, 0, 5, "Which layer the heatmaps show, counted from 0.")
    units: str = one_of(
        "active", ("active", "all"), "The 32 most active units, whose memory varies most, or all of them."
    )
    # text: the probe and prompt are strings; None stands for one that suits the data
    probe: str | None = None
    prompt: str | None = None
    # series: the probe is a stretch that begins at this share of the data
    probe_start: float = ranged(0.0, 0.0, 1.0, "Where in the series the stretch that is shown begins.")
    temperature: float = ranged(
        0.7, 0.05, 2.0, "Below 1 the likely tokens are preferred, above 1 the unlikely ones get a chance."
    )
    top_k: int = ranged(0, 0, 100, "Sample among the k likeliest tokens only; 0 means among all.")
    seed: int = ranged(0, 0, 2**31 - 1, "Seed of the sampling.")
    # the selection; what lies beyond this network or this probe is brought inside
    unit: int | None = ranged(
        None, 0, MOST_UNITS - 1, "The chosen unit; None: an active one, or the last chosen."
    )
    time: int | None = ranged(None, 0, 127, "The chosen time step of the probe; None for the last.")
    signal: str | None = one_of(
        None,
        (None, *dict.fromkeys(signal for signals in SIGNALS.values() for signal in signals)),
        "The signal that colours the sequence: a gate or a state; None for what the cell remembers in.",
    )
    at: int | None = ranged(
        None, 0, 2**31 - 1, "Show the network as it was at the newest snapshot up to this step; None: now."
    )


HELD = ("i", "f", "g", "o", "r", "z", "n")  # what the hands can hold


@dataclass(frozen=True)
class Hands(Checked):
    """Hands on the gates: an intervention in one layer, while everything else goes its way.

    i, f, g, o of an LSTM; r, z, n of a GRU: held at this value instead of what the cell computes; None as
    learned. `selected`: the units concerned if `scope` says so. `off`: units that are switched off, so that
    their c and h stay 0.
    `layer`: the one that was shown when the hands were laid on it. `training`: whether training itself goes
    on under the intervention; otherwise it goes on without.
    """

    i: float | None = ranged(None, 0.0, 1.0, "Input gate: 0 lets nothing new in, 1 everything.")
    f: float | None = ranged(None, 0.0, 1.0, "Forget gate: 0 forgets at every step, 1 never.")
    g: float | None = ranged(None, -1.0, 1.0, "Candidate: what there is to write.")
    o: float | None = ranged(None, 0.0, 1.0, "Output gate: 0 hides the cell, 1 shows all of it.")
    r: float | None = ranged(None, 0.0, 1.0, "Reset gate: 0 hides the past from the candidate.")
    z: float | None = ranged(None, 0.0, 1.0, "Update gate: 1 keeps all of the past, 0 replaces it.")
    n: float | None = ranged(None, -1.0, 1.0, "Candidate: what there is to write.")
    scope: str = one_of("all", ("all", "selected"), "Whether the held gates are those of all units.")
    selected: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    layer: int = ranged(0, 0, 5, "Which layer the hands are on, counted as in `View`.")
    training: bool = flag("Whether training goes on under the hands.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("selected", "off"):
            units = getattr(self, name)
            if not isinstance(units, list | tuple) or len(units) > MOST_UNITS:
                raise ValueError(f"{name} must be a list of at most {MOST_UNITS} units.")
            for unit in units:
                self._check_range(f"a unit of {name}", unit, 0, MOST_UNITS - 1)
            object.__setattr__(self, name, tuple(sorted(set(units))))

    @property
    def idle(self) -> bool:
        """True if nothing is held and no unit is off."""
        held = any(getattr(self, gate) is not None for gate in HELD)
        return not self.off and not (held and (self.scope == "all" or self.selected))
