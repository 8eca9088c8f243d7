"""The rival of a watched run: a bare loop around the fused LSTM that nobody looks at."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn

from lstm_core.config import RunConfig, TextConfig
from lstm_core.nn.model import SequenceModel
from lstm_core.tasks import TextTask

torch.set_num_threads(1)


class BareLoop:
    """Trains on text with the weights, batches and optimiser that a run of `config` starts with.

    No frames, no samples, no history, no validation, no knobs: the least that training can cost.
    """

    def __init__(self, config: RunConfig) -> None:
        assert isinstance(config.task, TextConfig)
        self.config = config
        self.task = TextTask(config.task, config.train)
        model = config.model
        self.embedding = nn.Embedding(self.task.vocab_size, model.embedding_size)
        self.core = nn.LSTM(model.embedding_size, model.hidden_size, model.num_layers)
        self.head = nn.Linear(model.hidden_size, self.task.vocab_size)
        initial = SequenceModel(model, self.task.vocab_size, config.train.seed)
        for name in ("embedding", "core", "head"):
            getattr(self, name).load_state_dict(getattr(initial, name).state_dict())
        modules = (self.embedding, self.core, self.head)
        self.parameters = [parameter for module in modules for parameter in module.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.knobs.learning_rate, fused=True)
        self.rng = np.random.default_rng(config.train.seed)
        self.steps = 0

    def predict(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits (T, B, vocab_size) for tokens (T, B)."""
        return self.head(self.core(self.embedding(inputs))[0])

    def step(self) -> float:
        """One optimiser step; returns its loss."""
        knobs, length = self.config.knobs, self.config.train.sequence_length
        batch = self.task.batch(self.rng, knobs.batch_size, length)
        loss = nn.functional.cross_entropy(self.predict(batch.inputs).flatten(0, 1), batch.targets.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, knobs.clip)
        self.optimizer.step()
        self.steps += 1
        return loss.item()

    def run_for(self, seconds: float) -> float:
        """Train for `seconds`; returns steps per second."""
        before, start = self.steps, time.perf_counter()
        while (passed := time.perf_counter() - start) < seconds:
            self.step()
        return (self.steps - before) / passed

    @torch.no_grad()
    def validate(self) -> float:
        """Mean loss in nats on the validation part."""
        batch = self.task.validation(self.config.train.sequence_length)
        predictions, targets = self.predict(batch.inputs)[batch.skip :], batch.targets[batch.skip :]
        return nn.functional.cross_entropy(predictions.flatten(0, 1), targets.flatten()).item()
