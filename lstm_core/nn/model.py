"""SequenceModel: a token or a value in, a prediction out, at every time step."""

from __future__ import annotations

import math
import zlib

import torch
from torch import Tensor, nn

from lstm_core.config import GATES, IGNORED, ModelConfig
from lstm_core.nn.cell import Core, Holds, State, directions_of, last_state, run_cells, said
from lstm_core.nn.fused import fused

CORES: dict[str, type[Core]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class SequenceModel(nn.Module):
    """embedding (tokens only) → fused `nn.LSTM`, `nn.GRU` or `nn.RNN` → linear head.

    With a `vocab_size` it reads tokens (T, B) int64, of `tokens` different ones (vocab_size if None), and
    returns logits (T, B, vocab_size); without, it reads values (T, B, input_size) and returns
    (T, B, output_size), of a series the predicted next values.
    """

    def __init__(
        self,
        config: ModelConfig,
        vocab_size: int | None = None,
        seed: int = 0,
        *,
        tokens: int | None = None,
        input_size: int | None = 1,
        output_size: int | None = 1,
    ) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        size = (input_size or 1) if vocab_size is None else config.embedding_size
        self.embedding = None if vocab_size is None else nn.Embedding(tokens or vocab_size, size)
        self.core = CORES[config.cell](
            size, config.hidden_size, config.num_layers, bidirectional=config.bidirectional
        )
        width = directions_of(self.core) * config.hidden_size
        self.head = nn.Linear(width, vocab_size or output_size or 1)
        self.initialise(seed)

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Draw all weights anew from `seed` alone, whatever else in the process draws random numbers.

        Each parameter has a generator of its own, from the seed and its name: networks that differ in some
        setting begin with equal weights wherever name and shape are equal and the setting is not about them.

        "orthogonal": recurrent weights are orthogonal, gate by gate, so that h neither swells nor fades at
        the start (Saxe et al. 2014); weights that read the input as Glorot & Bengio (2010) have it; biases 0.
        "uniform": all of them from U(−1/√H, 1/√H), biases too, as in PyTorch.

        Some gates begin with a bias of their own, which `bias_ih` has, while `bias_hh` is 0 there. Of an
        LSTM the forget gate has `forget_bias` (Jozefowicz et al. 2015 recommend 1). With `chrono` (Tallec &
        Ollivier 2018) it has b_f = log u instead, u from U(1, chrono − 1), and the input gate b_i = −b_f, so
        that the units' memories last from 1 to about `chrono` steps. In PyTorch's GRU it is a large z that
        keeps, so that b_z = log u; an RNN has no such gate.
        """
        for name, weight in self.named_parameters():
            draw = _generator(seed, name)
            if name == "embedding.weight":
                nn.init.normal_(weight, generator=draw)
            elif name == "head.weight":
                nn.init.xavier_uniform_(weight, generator=draw)
            elif name == "head.bias":
                nn.init.zeros_(weight)
            else:
                self._draw_recurrent(name, weight, draw, seed)

    def _draw_recurrent(self, name: str, weight: Tensor, draw: torch.Generator, seed: int) -> None:
        config, gates = self.config, GATES[self.config.cell]
        blocks = dict(zip(gates, weight.chunk(len(gates)), strict=True))
        if config.init == "uniform":
            bound = 1 / math.sqrt(config.hidden_size)
            nn.init.uniform_(weight, -bound, bound, generator=draw)
        elif "bias" in name:
            nn.init.zeros_(weight)
        else:
            fill = nn.init.orthogonal_ if "weight_hh" in name else nn.init.xavier_uniform_
            for block in blocks.values():
                fill(block, generator=draw)
        if "bias" in name:
            for gate, bias in self._gate_biases(_generator(seed, f"{name} chrono")).items():
                blocks[gate].copy_(bias if "bias_ih" in name else torch.zeros_like(bias))

    def _gate_biases(self, draw: torch.Generator) -> dict[str, Tensor]:
        """The gates that begin with a bias of their own: gate → (H,)."""
        config = self.config
        if config.cell == "rnn" or (config.cell == "gru" and not config.chrono):
            return {}
        if not config.chrono:
            return {"f": torch.full((config.hidden_size,), config.forget_bias)}
        longest = max(1, config.chrono - 1)
        keep = torch.empty(config.hidden_size).uniform_(1, longest, generator=draw).log()
        return {"f": keep, "i": -keep} if config.cell == "lstm" else {"z": keep}

    def embed(self, inputs: Tensor) -> Tensor:
        """What the core reads, (T, B, n): the tokens' embeddings, or the values as they are."""
        return inputs if self.embedding is None else torch.embedding(self.embedding.weight, inputs)

    def forward(
        self,
        inputs: Tensor,
        state: State | None = None,
        holds: Holds | None = None,
        reach: int | None = None,
    ) -> tuple[Tensor, State]:
        """Predictions (T, B, vocab_size or output_size), and the state after the last time step.

        holds: what is held by hand, row by row; it is then the plain cell that reads, some five times slower
        than the fused one. reach: truncated back-propagation through time (Williams & Peng 1990): the
        sequence is read in chunks of `reach` steps, counted from its end, and no gradient crosses from one
        to the one before. So the gradient of the last step's loss reaches `reach` steps, itself included.

        Raises ValueError for a `reach` of a bidirectional network, whose other direction has no such order.
        """
        embedded = self.embed(inputs)
        length = len(embedded)
        if reach is None or reach >= length:
            hidden, state = self._read(embedded, state, holds)
            return self.head(hidden), state
        if self.core.bidirectional:
            raise ValueError("reach cannot be limited in a bidirectional network: it is for one direction.")
        if reach < 1:
            raise ValueError(f"reach is {reach}; it must be at least 1.")
        pieces = []
        sizes = [length % reach] * (length % reach > 0) + [reach] * (length // reach)
        for chunk in embedded.split(sizes):
            hidden, last = self._read(chunk, state, holds)
            pieces.append(hidden)
            state = last.detach() if isinstance(last, Tensor) else (last[0].detach(), last[1].detach())
        return self.head(torch.cat(pieces)), last

    def _read(self, embedded: Tensor, state: State | None, holds: Holds | None) -> tuple[Tensor, State]:
        """h of the top layer (T, B, directions · H), and the state after the last time step."""
        if holds is None:
            return fused(self.core, embedded, state)
        rows = run_cells(self.core, embedded, state, holds)
        return torch.stack(said(self.core, rows)), last_state(self.core, rows)

    def loss(self, predictions: Tensor, targets: Tensor, skip: int = 0) -> Tensor:
        """Mean over all sequences and the time steps from `skip` on: cross-entropy in nats, or squared error
        (scaled units). Tokens of −100 do not count; where none counts, the loss is 0.
        """
        if skip:  # a slice of everything would cost a copy on the way back
            predictions, targets = predictions[skip:], targets[skip:]
        if self.vocab_size is None:
            return nn.functional.mse_loss(predictions, targets)
        if bool((targets == IGNORED).all()):  # torch would give 0 / 0
            return predictions.sum() * 0.0
        return nn.functional.cross_entropy(predictions.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def _generator(seed: int, name: str) -> torch.Generator:
    """A stream of its own for everything that has a name; torch's has 32 bits of seed."""
    return torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
