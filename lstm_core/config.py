"""Every setting of a run, as frozen dataclasses that check themselves.

Units: steps are optimiser steps, T counts time steps, B sequences, H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lstm_core.cell import GATES
from lstm_core.checked import Checked, flag, one_of, ranged

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
# what each cell computes at every step, named as in PyTorch: its gates, then its states
SIGNALS = {"lstm": ("i", "f", "g", "o", "c", "h"), "gru": ("r", "z", "n", "h"), "rnn": ("h",)}
CELLS = tuple(SIGNALS)
MEMORY = {"lstm": "c", "gru": "h", "rnn": "h"}  # the state that a cell remembers in
MEMORY_TASKS = ("recall", "adding", "counting")
MOST_UNITS = 256
LONGEST_LAG = 200
STOCKS = ("GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT")


@dataclass(frozen=True)
class ModelConfig(Checked):
    """The network: embedding (text only) → `num_layers` recurrent layers of `hidden_size` → linear head."""

    cell: str = one_of("lstm", CELLS, "LSTM; GRU, its simpler cousin; or RNN, the plain tanh network.")
    hidden_size: int = ranged(64, 4, MOST_UNITS, "Hidden units H: how many numbers each layer remembers.")
    num_layers: int = ranged(1, 1, 3, "Recurrent layers, each reading the hidden states of the one below.")
    # 32 numbers a token are plenty for 60 characters, and keep a vocabulary of thousands of words cheap
    embedding_size: int = ranged(32, 1, 128, "Numbers that stand for one token before the LSTM reads it.")
    init: str = one_of(
        "orthogonal",
        ("orthogonal", "uniform"),
        "Initial recurrent weights: orthogonal, so that h neither swells nor fades; or uniform (PyTorch).",
    )
    forget_bias: float = ranged(
        1.0,
        -3.0,
        5.0,
        "Initial bias of the LSTM's forget gate: above 0 even the untrained cell remembers.",
    )
    chrono: int = ranged(
        0,
        0,
        1000,
        "Longest memory, in steps, that the initial biases of the gates are drawn for (chrono "
        "initialisation); 0: the forget bias counts.",
    )
    bidirectional: bool = flag("A second network reads from the end, so that each step knows both sides.")

    @property
    def directions(self) -> int:
        """In which every layer reads."""
        return 2 if self.bidirectional else 1

    @property
    def rows(self) -> int:
        """Layers times directions, counted as PyTorch does: layer · directions + direction."""
        return self.num_layers * self.directions


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
    lag: int = ranged(20, 1, LONGEST_LAG, "Steps between what is to be remembered and when it is needed.")
    reach: int | None = ranged(
        None,
        1,
        256,
        "Truncated back-propagation: the gradient travels at most so many steps back; None for all of them.",
    )
    # None: as fast as the machine can
    steps_per_second: float | None = ranged(None, 0.1, 100_000.0, "Training steps per second, or unlimited.")


@dataclass(frozen=True)
class TextConfig(Checked):
    """A text to learn from. `text` is used when `corpus` is "own"."""

    corpus: str = one_of("tales", CORPORA, "The text that the network learns to continue.")
    level: str = one_of("characters", ("characters", "words"), "What one token is.")
    text: str = field(default="", repr=False)
    goal: str = one_of(
        "next",
        ("next", "gaps"),
        "Say what comes next; or fill gaps, for which a network may read from both sides.",
    )


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
class MemoryConfig(Checked):
    """A task in which something has to be remembered over `lag` steps (of `Knobs`)."""

    kind: str = one_of("recall", MEMORY_TASKS, "What has to be remembered.")


@dataclass(frozen=True)
class View(Checked):
    """What the viewers of a run look at. It never changes how the run trains."""

    # of a bidirectional network twice its layer, plus 1 for the direction that reads from the end
    layer: int = ranged(0, 0, 5, "Which layer the heatmaps show, counted from 0.")
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


# Multiply-adds of one step's forward pass: about 1.5 s of one core for a whole step. A step cannot be
# interrupted, so that a longer one would keep everybody else waiting.
WORK_LIMIT = 6e9


def layer_work(model: ModelConfig) -> int:
    """Multiply-adds of the recurrent layers for one time step of one sequence, forward."""
    hidden, directions = model.hidden_size, model.directions
    first = model.embedding_size + hidden
    further = (model.num_layers - 1) * (directions + 1) * hidden
    return directions * len(GATES[model.cell]) * hidden * (first + further)


@dataclass(frozen=True)
class RunConfig:
    """All that one run needs. Two runs with equal configs compute the same losses.

    Raises ValueError when one training step would take too long, and for a network that would read what it
    has to predict.
    """

    task: TextConfig | SeriesConfig | MemoryConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    knobs: Knobs = Knobs()
    view: View = View()
    hands: Hands = Hands()

    def __post_init__(self) -> None:
        model, batch = self.model, self.knobs.batch_size
        if model.bidirectional and not (isinstance(self.task, TextConfig) and self.task.goal == "gaps"):
            raise ValueError(
                "bidirectional is True, but a network that reads from both sides has seen what it should "
                "predict, and nothing follows what it writes itself: let it fill gaps in a text, or let it "
                "read in one direction."
            )
        if model.bidirectional and self.knobs.reach is not None:
            raise ValueError(
                f"reach is {self.knobs.reach}, but back-propagation cannot be truncated in a network that "
                "reads from both sides: leave it at None."
            )
        if self.step_work > WORK_LIMIT:
            raise ValueError(
                f"A batch size of {batch} is too much for {model.num_layers} layers of {model.hidden_size} "
                f"units and sequences of {self.length}: one step would take seconds. A batch "
                f"size of {int(WORK_LIMIT * batch // self.step_work)} fits; or lower one of the others."
            )

    @property
    def network(self) -> tuple[object, ...]:
        """What asks for a new network when it differs."""
        return self.task, self.model, self.train

    @property
    def length(self) -> int:
        """Time steps T of a training sequence."""
        if isinstance(self.task, MemoryConfig):
            return memory_length(self.task.kind, self.knobs.lag)
        return self.train.sequence_length

    @property
    def step_work(self) -> int:
        """Multiply-adds of the recurrent layers in the forward pass of one training step."""
        return self.knobs.batch_size * self.length * layer_work(self.model)

    @property
    def kind(self) -> Literal["text", "series", "memory"]:
        if isinstance(self.task, TextConfig):
            return "text"
        return "series" if isinstance(self.task, SeriesConfig) else "memory"

    @property
    def words(self) -> bool:
        """Whether one token is a word."""
        return isinstance(self.task, TextConfig) and self.task.level == "words"


def memory_length(kind: str, lag: int) -> int:
    """Time steps T of a sequence: recall and adding bridge `lag` steps, aⁿXbⁿ counts up to it and down."""
    return 2 * lag + 2 if kind == "counting" else lag + 2
