"""Adam (Kingma & Ba 2015), whose state can be kept and given back by the names of the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam

from lstm_core.serialization.reader import Reader

MOST_STEPS = 2.0**24  # float32, in which Adam counts its steps, ends there


class Adam:
    """As `torch.optim.Adam` with its defaults and fused=True, to the bit. Making one of those imports torch's
    compiler: 68 MiB and seconds in every process that trains.

    `exp_avg` and `exp_avg_sq`: the moments, by name. `steps`: taken by each parameter, float32 scalars.
    """

    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        self._parameters = parameters
        self.clear()

    def clear(self) -> None:
        self.exp_avg = {name: torch.zeros_like(one) for name, one in self._parameters.items()}
        self.exp_avg_sq = {name: torch.zeros_like(one) for name, one in self._parameters.items()}
        self.steps = {name: torch.tensor(0.0) for name in self._parameters}

    def zero_grad(self) -> None:
        """No parameter has a gradient any more."""
        for one in self._parameters.values():
            one.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Change all parameters that have a gradient."""
        learnt = {name: one.grad for name, one in self._parameters.items() if one.grad is not None}
        adam(
            [self._parameters[name] for name in learnt],
            list(learnt.values()),
            [self.exp_avg[name] for name in learnt],
            [self.exp_avg_sq[name] for name in learnt],
            [],
            [self.steps[name] for name in learnt],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )

    def state(self) -> dict[str, Any]:
        """Steps taken and both moments, copied: {} before the first step."""
        # all parameters take every step together
        if not (step := next(iter(self.steps.values())).item()):
            return {}
        moments = {"exp_avg": self.exp_avg, "exp_avg_sq": self.exp_avg_sq}
        return {"step": step} | {
            moment: {name: value.clone() for name, value in values.items()}
            for moment, values in moments.items()
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; copies it."""
        self.clear()
        for name in self._parameters if state else ():
            self.exp_avg[name] = state["exp_avg"][name].clone()
            self.exp_avg_sq[name] = state["exp_avg_sq"][name].clone()
            self.steps[name] = torch.tensor(state["step"])


def read_adam(state: Any, parameters: Mapping[str, Tensor], step: int) -> dict[str, Any]:
    """What `Adam.load` takes, checked. step: of training.

    Raises ValueError if it cannot be what Adam remembers of these parameters after so many steps.
    """
    if step == 0 and state == {}:
        return {}
    reader = Reader(state, "optimizer")
    taken = reader.number("step", 0.0)
    if step == 0 or taken != min(step, MOST_STEPS):
        raise ValueError(f"the optimizer has taken {taken:g} steps, and the network {step:,}.")
    moments = {name: reader.tensors(name, parameters) for name in ("exp_avg", "exp_avg_sq")}
    reader.end()
    if any(bool((moment < 0).any()) for moment in moments["exp_avg_sq"].values()):
        raise ValueError("exp_avg_sq of the optimizer is a mean of squares, and has negative numbers.")
    return {"step": taken, **moments}
