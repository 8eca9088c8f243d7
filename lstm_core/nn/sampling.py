"""What the network makes by itself: sampled text, next-token probabilities, series forecasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lstm_core.nn.cell import Holds, State, initial_states, plain_cell
from lstm_core.nn.fused import fused, fused_cell
from lstm_core.nn.model import SequenceModel


class Stepper:
    """Feeds a model one token or value at a time, carrying its state along. Batch size 1, no gradients.

    torch's own cells of one step are those that training uses, but without the overhead of a sequence;
    weights are used directly, because calling a module takes longer than what these small ones compute. With
    gates held by hand it is the plain cell.

    Raises ValueError for a bidirectional model: what follows is not there yet.
    """

    def __init__(self, model: SequenceModel, state: State | None = None, holds: Holds | None = None) -> None:
        core = model.core
        if core.bidirectional:
            raise ValueError("a bidirectional network reads what follows, so that it cannot go step by step.")
        layers = range(core.num_layers)
        self.plain = [plain_cell(core, layer, holds[layer]) for layer in layers] if holds else []
        self.fused = [fused_cell(core, layer) for layer in layers]
        self.embeddings = None if model.embedding is None else model.embedding.weight
        self.head = model.head
        self.state = initial_states(core, torch.zeros(1, 1, 1), state)  # of each layer, h and maybe c

    def step(self, read: int | float) -> Tensor:
        """Reads a token or a value; returns the prediction, (vocab_size,) logits or (1,) value."""
        if self.embeddings is None:
            x = torch.tensor([[read]], dtype=torch.float32)
        else:
            x = self.embeddings[int(read)][None]
        for layer, state in enumerate(self.state):
            new = self.plain[layer](x, state).state if self.plain else self.fused[layer](x, state)
            self.state[layer], x = new, new[0]
        return torch.addmv(self.head.bias, self.head.weight, x[0])


@torch.no_grad()
def read(model: SequenceModel, inputs: Tensor, holds: Holds | None = None) -> tuple[Tensor, State]:
    """Read (T,) tokens or (T, 1) values; all predictions (T, vocab_size or 1), and the state after them."""
    predictions, state = model(inputs[:, None], holds=holds)
    return predictions[:, 0], state


@torch.inference_mode()
def sample_text(
    model: SequenceModel,
    prompt: Sequence[int],
    length: int,
    temperature: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    holds: Holds | None = None,
) -> list[int]:
    """`length` tokens that continue `prompt` (at least one token), drawn at random.

    Logits are divided by `temperature`; with `top_k` > 0 only the k likeliest tokens can be drawn. Each
    draw inverts the cumulative distribution at a number that depends on `seed` alone: the same seed gives
    text that changes only where the network's opinion changed, not where the dice fell differently.

    Raises ValueError for an empty prompt.
    """
    if not len(prompt):
        raise ValueError("a prompt needs at least one token to continue from.")
    draws = np.random.default_rng(seed).random(length)
    logits, state = read(model, torch.tensor(prompt), holds)
    stepper, last = Stepper(model, state, holds), logits[-1]
    tokens: list[int] = []
    for draw in draws:
        tokens.append(_draw(last.numpy().astype(np.float64), temperature, top_k, draw))
        last = stepper.step(tokens[-1])
    return tokens


def _draw(logits: np.ndarray, temperature: float, top_k: int, draw: float) -> int:
    scaled = (logits - logits.max()) / temperature
    if 0 < top_k < len(scaled):
        # exactly k survive, also when several logits tie at the k-th place
        left_out = np.argpartition(-scaled, top_k - 1)[top_k:]
        scaled[left_out] = -np.inf
    cumulative = np.cumsum(np.exp(scaled))
    # side="right": a token of probability 0 is never drawn, not even at draw = 0
    return min(int(np.searchsorted(cumulative, draw * cumulative[-1], side="right")), len(logits) - 1)


@torch.no_grad()
def next_tokens(
    model: SequenceModel, prompt: Sequence[int], k: int = 8, holds: Holds | None = None
) -> tuple[list[int], np.ndarray]:
    """The k likeliest tokens after `prompt`, likeliest first, and their probabilities (k,), temperature 1."""
    if holds or model.embedding is None:
        last = read(model, torch.tensor(prompt), holds)[0][-1]
    else:  # a frame asks for this, so without what calling modules costs
        hidden, _ = fused(model.core, model.embedding.weight[prompt][:, None])
        last = torch.addmv(model.head.bias, model.head.weight, hidden[-1, 0])
    probabilities, tokens = torch.softmax(last, dim=-1).topk(min(k, len(last)))
    return tokens.tolist(), probabilities.numpy()


@torch.inference_mode()
def forecast(
    model: SequenceModel, known: Tensor, steps: int, holds: Holds | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read the `known` values (T, 1), then feed on its own predictions for `steps` more.

    Returns the one-step-ahead predictions (T,), where entry t is the prediction of value t + 1, and the
    closed-loop forecast (steps,), which begins one step after the last known value. Scaled units.
    """
    predictions, state = read(model, known, holds)
    stepper, value = Stepper(model, state, holds), predictions[-1]
    values = []
    for _ in range(steps):
        values.append(value.item())
        value = stepper.step(values[-1])
    return predictions[:, 0].numpy(), np.array(values, dtype=np.float32)
