"""Every setting of a run, as frozen dataclasses that check themselves.

A field's allowed range, its choices and the sentence that explains it stand beside the field, in its
metadata. The pages read the same metadata for their sliders and tooltips, so that a range is written
once. Units: steps are optimiser steps, T counts time steps, B sequences, H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

CORPORA = ("tales", "rhymes", "counting", "brackets", "log", "python", "own")
SERIES = (
    "sine",
    "two sines",
    "square",
    "sawtooth",
    "triangle",
    "damped",
    "chirp",
    "mackey-glass",
    "sunspots",
    "stocks",
    "own",
)
SIGNALS = ("i", "f", "g", "o", "c", "h")
MOST_UNITS = 256
STOCKS = ("GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT")


def ranged(default: float | None, low: float, high: float, about: str) -> Any:
    """A dataclass field whose value must lie in [low, high]; None is allowed if it is the default."""
    return field(default=default, metadata={"low": low, "high": high, "about": about})


def one_of(default: str, choices: tuple[str, ...], about: str) -> Any:
    """A dataclass field whose value must be one of `choices`."""
    return field(default=default, metadata={"choices": choices, "about": about})


class Checked:
    """Base of the configs: checks every field with metadata when the object is built.

    Raises ValueError with the field, the value and what is allowed.
    """

    def __post_init__(self) -> None:
        for spec in fields(self):  # type: ignore[arg-type]
            value = getattr(self, spec.name)
            choices = spec.metadata.get("choices")
            if choices is not None and value not in choices:
                raise ValueError(f"{spec.name} is {value!r}; it must be one of {', '.join(choices)}.")
            if "low" in spec.metadata and not (value is None and spec.default is None):
                self._check_range(spec.name, value, spec.metadata["low"], spec.metadata["high"])

    @staticmethod
    def _check_range(name: str, value: Any, low: float, high: float) -> None:
        whole = isinstance(low, int) and isinstance(high, int)
        kind = "a whole number" if whole else "a number"
        right_type = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right_type or not low <= value <= high:
            shown = [f"{bound:,}" if whole else f"{bound:g}" for bound in (low, high)]
            raise ValueError(f"{name} is {value!r}; it must be {kind} from {shown[0]} to {shown[1]}.")


@dataclass(frozen=True)
class ModelConfig(Checked):
    """The network: embedding (text only) → `num_layers` LSTM layers of `hidden_size` → linear head."""

    hidden_size: int = ranged(64, 4, MOST_UNITS, "Hidden units H: how many numbers each layer remembers.")
    num_layers: int = ranged(1, 1, 3, "LSTM layers, each reading the hidden states of the one below.")
    # 32 numbers a token are plenty for 60 characters, and keep a vocabulary of thousands of words cheap
    embedding_size: int = ranged(32, 1, 128, "Numbers that stand for one token before the LSTM reads it.")
    forget_bias: float = ranged(
        1.0,
        -3.0,
        5.0,
        "Initial bias of the forget gate: above 0 even the untrained cell remembers.",
    )


@dataclass(frozen=True)
class TrainConfig(Checked):
    """What is fixed for the life of a run. For what can change at any step, see `Knobs`."""

    sequence_length: int = ranged(
        64, 4, 256, "Sequence length T: how many steps back the gradient travels (truncated BPTT)."
    )
    seed: int = ranged(0, 0, 2**31 - 1, "Same seed and settings, same losses, bit for bit.")


@dataclass(frozen=True)
class Knobs(Checked):
    """Live settings: a change acts at the very next training step, without a restart."""

    learning_rate: float = ranged(1e-2, 1e-5, 1.0, "Size of each Adam step. Too large: the loss jumps.")
    batch_size: int = ranged(16, 1, 128, "Sequences B whose gradients are averaged in one step.")
    clip: float = ranged(1.0, 0.01, 100.0, "Gradients longer than this are shortened to it.")
    noise: float = ranged(
        0.0,
        0.0,
        1.0,
        "Text: the share of characters replaced by random ones while training. "
        "Series: the standard deviation of noise added to each input, where the series has 1.",
    )
    # None: as fast as the machine can
    steps_per_second: float | None = ranged(None, 0.1, 100_000.0, "Training steps per second, or unlimited.")


@dataclass(frozen=True)
class TextConfig(Checked):
    """A text to learn from. `text` is used when `corpus` is "own"."""

    corpus: str = one_of("tales", CORPORA, "The text that the network learns to continue.")
    level: str = one_of("characters", ("characters", "words"), "What one token is.")
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class SeriesConfig(Checked):
    """A series to learn from. Lengths and periods are in samples, amplitudes in the series' own units.

    `values` (and `column`, its name) are used when `kind` is "own"; `stock` when it is "stocks".
    """

    kind: str = one_of("sine", SERIES, "The series that the network learns to continue.")
    period: float = ranged(25.0, 4.0, 200.0, "Samples in one full swing.")
    amplitude: float = ranged(1.0, 0.01, 1000.0, "Half the distance between crest and trough.")
    phase: float = ranged(0.0, 0.0, 360.0, "Where in the swing the series begins, in degrees.")
    noise: float = ranged(
        0.0, 0.0, 2.0, "Standard deviation of the noise in the data, in units of the amplitude."
    )
    stock: str = one_of("GOOG", STOCKS, "Which weekly closing price, relative to January 2018.")
    column: str = "value"
    values: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class View(Checked):
    """What the viewers of a run look at. It never changes how the run trains."""

    layer: int = ranged(0, 0, 2, "Which LSTM layer the heatmaps show, counted from 0.")
    units: str = one_of("active", ("active", "all"), "The 32 most active units, or all of them.")
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
    signal: str = one_of("c", SIGNALS, "The signal that colours the sequence: a gate, c or h.")
    at: int | None = ranged(
        None, 0, 2**31 - 1, "Show the network as it was at the newest snapshot up to this step; None: now."
    )


@dataclass(frozen=True)
class Hands(Checked):
    """Hands on the gates: an intervention in one layer, while everything else goes its way.

    i, f, g, o: held at this value instead of what the cell computes; None as learned. `selected`: the units
    concerned if `scope` says so. `off`: units that are switched off, so that their c and h stay 0.
    `layer`: the one that was shown when the hands were laid on it. `training`: whether training itself goes
    on under the intervention; otherwise it goes on without.
    """

    i: float | None = ranged(None, 0.0, 1.0, "Input gate: 0 lets nothing new in, 1 everything.")
    f: float | None = ranged(None, 0.0, 1.0, "Forget gate: 0 forgets at every step, 1 never.")
    g: float | None = ranged(None, -1.0, 1.0, "Candidate: what there is to write.")
    o: float | None = ranged(None, 0.0, 1.0, "Output gate: 0 hides the cell, 1 shows all of it.")
    scope: str = one_of("all", ("all", "selected"), "Whether the held gates are those of all units.")
    selected: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    layer: int = ranged(0, 0, 2, "Which LSTM layer the hands are on, counted from 0.")
    training: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("selected", "off"):
            units = getattr(self, name)
            if not isinstance(units, list | tuple) or len(units) > MOST_UNITS:
                raise ValueError(f"{name} must be a list of at most {MOST_UNITS} units.")
            for unit in units:
                self._check_range(f"a unit of {name}", unit, 0, MOST_UNITS - 1)
            object.__setattr__(self, name, tuple(sorted(set(units))))
        if not isinstance(self.training, bool):
            raise ValueError(f"training is {self.training!r}; it must be true or false.")

    @property
    def idle(self) -> bool:
        """True if nothing is held and no unit is off."""
        held = any(getattr(self, gate) is not None for gate in "ifgo")
        return not self.off and not (held and (self.scope == "all" or self.selected))


# Multiply-adds of one step's forward pass: about 1.5 s of one core for a whole step. A step cannot be
# interrupted, so that a longer one would keep everybody else waiting.
WORK_LIMIT = 6e9


@dataclass(frozen=True)
class RunConfig:
    """All that one run needs. Two runs with equal configs compute the same losses.

    Raises ValueError when one training step would take too long.
    """

    task: TextConfig | SeriesConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    knobs: Knobs = Knobs()
    view: View = View()
    hands: Hands = Hands()

    def __post_init__(self) -> None:
        if self.step_work > WORK_LIMIT:
            model, batch = self.model, self.knobs.batch_size
            raise ValueError(
                f"A batch size of {batch} is too much for {model.num_layers} layers of {model.hidden_size} "
                f"units and sequences of {self.train.sequence_length}: one step would take seconds. A batch "
                f"size of {int(WORK_LIMIT * batch // self.step_work)} fits; or lower one of the others."
            )

    @property
    def step_work(self) -> int:
        """Multiply-adds of the LSTM layers in the forward pass of one training step."""
        model, hidden = self.model, self.model.hidden_size
        layers = 4 * hidden * (model.embedding_size + hidden) + (model.num_layers - 1) * 8 * hidden**2
        return self.knobs.batch_size * self.train.sequence_length * layers

    @property
    def kind(self) -> Literal["text", "series"]:
        return "text" if isinstance(self.task, TextConfig) else "series"


def limits(config: type[Checked], name: str) -> dict[str, Any]:
    """Metadata of field `name`: `low`, `high` or `choices`, `about`; and its `default`."""
    spec = next(spec for spec in fields(config) if spec.name == name)  # type: ignore[arg-type]
    return {**spec.metadata, "default": spec.default}
