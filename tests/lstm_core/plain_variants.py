"""The variants once more, one network at a time and in the plainest way, to compare the stacked cell with."""

import torch
from torch import nn

from lstm_core.experiments.ablation.variants import (
    COUPLED,
    NO_F,
    NO_G,
    NO_H,
    NO_I,
    NO_O,
    PEEPHOLES,
    RECURRENCE,
    VARIANTS,
)


def plain_run(variant, x, own):
    """h (T, B, H) of one network that reads x (T, B, I); `own` are its parameters, named as in a `Stack`."""
    hidden = own["weight_hh"].shape[1]
    h = c = x.new_zeros(x.shape[1], hidden)
    i = f = o = torch.zeros_like(h)
    outputs = []
    for value in x:
        pre = value @ own["weight_ih"].T + own["bias_ih"] + h @ own["weight_hh"].T + own["bias_hh"]
        a_i, a_f, a_o, a_g = pre.split(hidden, 1)
        if variant == RECURRENCE:
            seen = torch.cat([i, f, o], 1) @ own["recurrence"].T
            a_i, a_f, a_o = (a + more for a, more in zip((a_i, a_f, a_o), seen.split(hidden, 1), strict=True))
        if variant == PEEPHOLES:
            p_i, p_f, p_o = own["peephole"].view(3, hidden)
            a_i, a_f = a_i + p_i * c, a_f + p_f * c
        i, f = torch.sigmoid(a_i), torch.sigmoid(a_f)
        g = a_g if variant == NO_G else torch.tanh(a_g)
        i = torch.ones_like(i) if variant == NO_I else i
        f = torch.ones_like(f) if variant == NO_F else f
        f = 1 - i if variant == COUPLED else f
        c = f * c + i * g
        o = torch.sigmoid(a_o + p_o * c) if variant == PEEPHOLES else torch.sigmoid(a_o)
        o = torch.ones_like(o) if variant == NO_O else o
        h = o * (c if variant == NO_H else torch.tanh(c))
        outputs.append(h)
    return torch.stack(outputs)


def plain_loss(variant, own, inputs, targets, skip=0):
    """Loss of one network; inputs (T, B) or (T, B, I)."""
    x = own["embedding"][inputs] if "embedding" in own else inputs
    predictions = (plain_run(variant, x, own) @ own["head_weight"].T + own["head_bias"])[skip:]
    if "embedding" not in own:
        return nn.functional.mse_loss(predictions, targets[skip:])
    return nn.functional.cross_entropy(predictions.flatten(0, 1), targets[skip:].flatten())


def own_parameters(stack, network):
    """Leaf copies of the parameters of one network of a stack."""
    own = {}
    for name, parameter in stack.parameters.items():
        owners = range(*stack.owners(name).indices(len(VARIANTS) * stack.seeds))
        if network in owners:
            own[name] = parameter[owners.index(network)].detach().clone().requires_grad_()
    return own


def close(one, other, tolerance=1e-11):
    torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)
