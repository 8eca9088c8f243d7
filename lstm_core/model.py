"""SequenceModel: a token or a value in, a prediction of the next one out, at every time step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_core.cell import Holds, run_cells
from lstm_core.config import ModelConfig

State = tuple[Tensor, Tensor]  # h and c, each (num_layers, B, H)


class SequenceModel(nn.Module):
    """embedding (text only) → fused `nn.LSTM` → linear head.

    With a `vocab_size` it reads tokens (T, B) int64 and returns logits (T, B, vocab_size); without, it
    reads values (T, B, 1) and returns the predicted next values (T, B, 1).
    """

    def __init__(self, config: ModelConfig, vocab_size: int | None = None, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        input_size = 1 if vocab_size is None else config.embedding_size
        self.embedding = None if vocab_size is None else nn.Embedding(vocab_size, input_size)
        self.lstm = nn.LSTM(input_size, config.hidden_size, config.num_layers)
        self.head = nn.Linear(config.hidden_size, vocab_size or 1)
        self.initialise(seed)

    def initialise(self, seed: int) -> None:
        """Draw all weights anew from `seed` alone, whatever else in the process draws random numbers.

        Recurrent weights are orthogonal, gate by gate, so that h neither swells nor fades at the start
        (Saxe et al. 2014). The forget gate's bias is `forget_bias` (Jozefowicz et al. 2015 recommend 1),
        every other bias 0.
        """
        draw = torch.Generator().manual_seed(seed)
        hidden = self.config.hidden_size
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, generator=draw)
        for name, weight in self.lstm.named_parameters():
            if "bias" in name:
                nn.init.zeros_(weight)
                if "bias_ih" in name:
                    nn.init.constant_(weight[hidden : 2 * hidden], self.config.forget_bias)
                continue
            for gate in weight.chunk(4):
                if "weight_hh" in name:
                    nn.init.orthogonal_(gate, generator=draw)
                else:
                    nn.init.xavier_uniform_(gate, generator=draw)
        nn.init.xavier_uniform_(self.head.weight, generator=draw)
        nn.init.zeros_(self.head.bias)

    def embed(self, inputs: Tensor) -> Tensor:
        """What the LSTM reads, (T, B, input_size): the tokens' embeddings, or the values as they are."""
        return inputs if self.embedding is None else self.embedding(inputs)

    def forward(
        self, inputs: Tensor, state: State | None = None, holds: Holds | None = None
    ) -> tuple[Tensor, State]:
        """Predictions (T, B, vocab_size or 1), and the state after the last time step.

        With gates held by hand it is the plain cell that reads, some five times slower than the fused one.
        """
        if holds is None:
            hidden, last = self.lstm(self.embed(inputs), state)
            return self.head(hidden), last
        layers = run_cells(self.lstm, self.embed(inputs), state, holds)
        hidden = torch.stack([step.h for step in layers[-1]])
        h, c = (torch.stack([getattr(steps[-1], name) for steps in layers]) for name in "hc")
        return self.head(hidden), (h, c)

    def loss(self, predictions: Tensor, targets: Tensor, skip: int = 0) -> Tensor:
        """Mean over all sequences and the time steps from `skip` on: cross-entropy in nats, or squared error
        (scaled units).
        """
        if skip:  # a slice of everything would cost a copy on the way back
            predictions, targets = predictions[skip:], targets[skip:]
        if self.vocab_size is None:
            return nn.functional.mse_loss(predictions, targets)
        return nn.functional.cross_entropy(predictions.flatten(0, 1), targets.flatten())
