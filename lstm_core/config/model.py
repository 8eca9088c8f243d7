"""The network: its cell, its size, and how its weights begin."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_core.config.fields import Checked, flag, one_of, ranged

# what each cell computes at every step, named as in PyTorch: its gates, then its states
SIGNALS = {"lstm": ("i", "f", "g", "o", "c", "h"), "gru": ("r", "z", "n", "h"), "rnn": ("h",)}
# what a cell computes of x and h by the blocks of rows of its weights, in PyTorch's order
GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}
CELLS = tuple(SIGNALS)
MEMORY = {"lstm": "c", "gru": "h", "rnn": "h"}  # the state that a cell remembers in
MOST_UNITS = 256


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
