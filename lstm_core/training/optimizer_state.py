"""What Adam remembers, by the names of the parameters, so that it can be kept and given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lstm_core.serialization.reader import Reader

MOST_STEPS = 2.0**24  # float32, in which Adam counts its steps, ends there


def adam_state(optimizer: torch.optim.Adam, parameters: Mapping[str, Tensor]) -> dict[str, Any]:
    """Steps taken and both moments, copied: {} before the first step."""
    known = optimizer.state
    kept = {name: known[parameter] for name, parameter in parameters.items() if parameter in known}
    if not kept:
        return {}
    moments = {
        moment: {name: state[moment].clone() for name, state in kept.items()}
        for moment in ("exp_avg", "exp_avg_sq")
    }
    # all parameters take every step together
    return {"step": float(next(iter(kept.values()))["step"]), **moments}


def load_adam(optimizer: torch.optim.Adam, parameters: Mapping[str, Tensor], state: dict[str, Any]) -> None:
    """Give an optimiser of these parameters what `adam_state` returned; copies it."""
    optimizer.state.clear()
    for name, parameter in parameters.items() if state else ():
        optimizer.state[parameter] = {
            "step": torch.tensor(state["step"]),
            "exp_avg": state["exp_avg"][name].clone(),
            "exp_avg_sq": state["exp_avg_sq"][name].clone(),
        }


def read_adam(state: Any, parameters: Mapping[str, Tensor], step: int) -> dict[str, Any]:
    """What `load_adam` takes, checked. step: of training.

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
