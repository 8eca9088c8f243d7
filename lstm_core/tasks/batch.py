"""What one training or validation step reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Sequences and what follows each of their steps; time first, as `torch.nn.LSTM` reads them.

    `inputs`: (T, B) int64 tokens, or (T, B, 1) float32 values. `targets`: the same shape and type, one step
    ahead of the undisturbed inputs. Only time steps from `skip` on count in the loss; the earlier ones let
    the state warm up.
    """

    inputs: Tensor
    targets: Tensor
    skip: int = 0

    @classmethod
    def of(cls, inputs: npt.NDArray[Any], targets: npt.NDArray[Any], skip: int = 0) -> Batch:
        """The same of arrays, whose memory it shares."""
        import torch  # whoever only looks whether data can be learnt from does without it

        return cls(torch.from_numpy(inputs), torch.from_numpy(targets), skip)


def random_windows(
    rng: np.random.Generator, size: int, batch_size: int, length: int
) -> npt.NDArray[np.int64]:
    """Indices (length + 1, batch_size) of windows that lie anywhere in a sequence of `size` items.

    One more than `length`, because a window's inputs and targets are offset by one.
    Raises ValueError if not even one window fits.
    """
    if size <= length:
        raise ValueError(
            f"A sequence of {length} needs {length + 1} items to learn from, and there are {size}: "
            "lower the sequence length."
        )
    starts = rng.integers(0, size - length, size=batch_size)
    indices: npt.NDArray[np.int64] = np.arange(length + 1)[:, None] + starts
    return indices
