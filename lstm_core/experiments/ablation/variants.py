"""The LSTM and eight variants of it: what they are called, and what is different in each.

The variants are those of K. Greff, R. K. Srivastava, J. Koutník, B. R. Steunebrink and J. Schmidhuber,
"LSTM: A Search Space Odyssey", IEEE Transactions on Neural Networks and Learning Systems 28 (2017). The
paper's own baseline has peepholes; here it is the LSTM as `torch.nn.LSTM` has it, without, and peepholes are
one of the variants.
"""

from __future__ import annotations

from typing import NamedTuple


class Variant(NamedTuple):
    """name: in a few words. phrase: how it goes on after "the LSTM". equation: what is different in it.
    about: one plain sentence.
    """

    name: str
    phrase: str
    equation: str
    about: str


VARIANTS = (
    Variant("LSTM", "as it is", "i, f, o, g", "The plain LSTM, as in PyTorch: three gates, no peepholes."),
    Variant(
        "no input gate",
        "without an input gate",
        "i = 1",
        "Every step writes all of its candidate into the cell.",
    ),
    Variant(
        "no forget gate", "without a forget gate", "f = 1", "The cell only adds up, as in the LSTM of 1997."
    ),
    Variant("no output gate", "without an output gate", "o = 1", "The cell always shows all that it holds."),
    Variant(
        "no input activation",
        "without input activation",
        "g without tanh",
        "What is written has no bounds: no tanh.",
    ),
    Variant(
        "no output activation",
        "without output activation",
        "h = o ⊙ c",
        "What is shown has no bounds: the cell itself, without tanh.",
    ),
    Variant(
        "coupled gates", "with coupled gates", "f = 1 − i", "What is written replaces what is forgotten."
    ),
    Variant(
        "peepholes", "with peepholes", "i, f, o see c", "Each gate of a unit sees the unit's own cell, too."
    ),
    Variant(
        "gate recurrence",
        "with gate recurrence",
        "i, f, o see i, f, o",
        "The gates also read all gates of the step before.",
    ),
)
PLAIN, NO_I, NO_F, NO_O, NO_G, NO_H, COUPLED, PEEPHOLES, RECURRENCE = range(len(VARIANTS))
