"""How a network is trained: what is fixed for the life of a run, and the live settings."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_core.config.fields import Checked, ranged

LONGEST_LAG = 200


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
