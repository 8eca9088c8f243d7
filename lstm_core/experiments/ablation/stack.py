"""Stack: networks of every variant from several seeds, as one set of stacked weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lstm_core.config import IGNORED
from lstm_core.experiments.ablation.stacked_cell import run
from lstm_core.experiments.ablation.variants import COUPLED, PEEPHOLES, RECURRENCE, VARIANTS
from lstm_core.nn.model import SequenceModel


class Stack:
    """S networks of every variant, all with the weights that the plain LSTM of their seed starts with.

    `parameters`: name → leaf tensor with one entry for each of the K networks, named as in `SequenceModel`
    (embedding, weight_ih, weight_hh, bias_ih, bias_hh, head_weight, head_bias); and two that only one variant
    has, with one entry a seed: peephole (S, 3H, 1) and recurrence (S, 3H, 3H), which start at 0, so that at
    first these variants, too, are the plain LSTM. Coupled gates start with i = 1 − f, f being what it is in
    the plain LSTM.
    """

    def __init__(self, models: Sequence[SequenceModel]) -> None:
        """models: one a seed, of one shape, with one recurrent layer.

        Raises ValueError for networks with another cell, with more layers, or that read from both sides.
        """
        config = models[0].config
        if (config.cell, config.num_layers, config.bidirectional) != ("lstm", 1, False):
            raise ValueError("the variants are of an LSTM with one layer that reads in one direction.")
        self.seeds = len(models)
        self.hidden = hidden = config.hidden_size

        def stacked(name: str) -> Tensor:
            each = [model.get_parameter(name).detach() for model in models]
            each = [_gates_first(one, hidden) if name.startswith("core") else one for one in each]
            return torch.stack(each).repeat(len(VARIANTS), *(1 for _ in each[0].shape))

        self.parameters = {
            name: stacked(f"core.{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        self.parameters |= {f"head_{name}": stacked(f"head.{name}") for name in ("weight", "bias")}
        if models[0].embedding is not None:
            self.parameters["embedding"] = stacked("embedding.weight")
        like = self.parameters["weight_hh"]
        self.parameters["peephole"] = like.new_zeros(self.seeds, 3 * hidden, 1)
        self.parameters["recurrence"] = like.new_zeros(self.seeds, 3 * hidden, 3 * hidden)
        for name in ("bias_ih", "bias_hh"):
            bias = self.parameters[name][self.of(COUPLED)]
            bias[:, :hidden] = -bias[:, hidden : 2 * hidden]
        for parameter in self.parameters.values():
            parameter.requires_grad_()

    def of(self, variant: int) -> slice:
        """The networks of one variant, seed by seed."""
        return slice(variant * self.seeds, (variant + 1) * self.seeds)

    def owners(self, name: str) -> slice:
        """The networks that the entries of parameter `name` belong to, in order."""
        alone = {"peephole": PEEPHOLES, "recurrence": RECURRENCE}
        return self.of(alone[name]) if name in alone else slice(None)

    def predict(self, inputs: Tensor, skip: int = 0) -> Tensor:
        """Predictions (K, T − skip, B, output size) of the steps from `skip` on.

        inputs: (S, T, B) int64 tokens or (S, T, B, input size) values; all variants of a seed read the same.
        """
        own = self.parameters
        many = (len(VARIANTS), *(1 for _ in inputs.shape[1:]))
        inputs = inputs.repeat(many)  # (K, T, B) or (K, T, B, I)
        if "embedding" in own:
            count, vocabulary, _ = own["embedding"].shape
            # one table of all networks' rows
            first = torch.arange(count)[:, None, None] * vocabulary
            inputs = nn.functional.embedding(inputs + first, own["embedding"].flatten(0, 1))
        inputs = inputs.permute(1, 0, 3, 2)  # (T, K, I, B)
        bias = own["bias_ih"] + own["bias_hh"]
        hidden = run(inputs, own["weight_ih"], own["weight_hh"], bias, own["peephole"], own["recurrence"])
        hidden = hidden[skip:].permute(1, 0, 3, 2)  # (K, T, B, H)
        steps = hidden.shape[1:3]
        bias = own["head_bias"].unsqueeze(1)
        flat = torch.baddbmm(bias, hidden.flatten(1, 2), own["head_weight"].transpose(1, 2))
        return flat.unflatten(1, steps)

    def losses(self, inputs: Tensor, targets: Tensor, skip: int = 0) -> Tensor:
        """Loss (K,) of every network, as `SequenceModel.loss` computes it; targets (S, T, B) tokens or
        (S, T, B, 1) values.
        """
        predictions = self.predict(inputs, skip).flatten(1, 2)
        targets = targets[:, skip:].flatten(1, 2).repeat(len(VARIANTS), *(1 for _ in targets.shape[3:]), 1)
        if "embedding" not in self.parameters:
            return (predictions - targets).square().mean((1, 2))
        nats = nn.functional.cross_entropy(
            predictions.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
        )
        return nats.view(targets.shape).sum(1) / (targets != IGNORED).sum(1).clamp_min(1)

    def clip(self, limit: float) -> Tensor:
        """Shorten the gradient of each network to `limit` if it is longer, as `clip_grad_norm_` would alone;
        returns how long they were, (K,).
        """
        like = self.parameters["bias_ih"]
        squares = like.new_zeros(len(like))
        gradients = {name: parameter.grad for name, parameter in self.parameters.items()}
        for name, gradient in gradients.items():
            assert gradient is not None
            squares[self.owners(name)] += gradient.flatten(1).square().sum(1)
        norms = squares.sqrt()
        scale = (limit / (norms + 1e-6)).clamp(max=1.0)
        for name, gradient in gradients.items():
            assert gradient is not None
            gradient *= scale[self.owners(name)].view(-1, *(1 for _ in gradient.shape[1:]))
        return norms


def _gates_first(weight: Tensor, hidden: int) -> Tensor:
    """Rows i, f, g, o, as PyTorch has them, in the order i, f, o, g; or back."""
    i, f, third, last = weight.split(hidden)
    return torch.cat([i, f, last, third])
