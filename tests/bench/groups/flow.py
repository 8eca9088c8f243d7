"""The gradient of the last step's loss by every h_t and c_t: how exact, and at what cost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from lstm_core.config import CELLS, Knobs
from lstm_core.experiments.race.config import LANES, RaceConfig
from lstm_core.experiments.race.gradient_flow import flow, gradients
from lstm_core.experiments.race.race import FLOW_SEQUENCES
from lstm_core.nn.cell import run_cells
from lstm_core.nn.trace import trace
from lstm_core.training.trainer import Trainer
from tests.bench.report import Figure, Options, median

LAG = 100
HIDDEN = 32  # of the LSTM; the others have as many parameters
REACH = 30.0  # milliseconds


def measure(options: Options) -> Iterator[Figure]:
    """The largest differences from autograd, then the cost beside a training step of the same network."""
    config = RaceConfig(hidden_size=HIDDEN, knobs=Knobs(batch_size=32, lag=LAG))
    for cell in CELLS:
        trainer = Trainer(config.run(cell))
        yield Figure(
            f"error_{cell}",
            f"largest |∂L/∂h, ∂L/∂c − autograd|, float64, {LANES[cell]}, relative",
            difference(trainer),
            at_most=1e-10,
        )
        batch = trainer.task.batch(np.random.default_rng(0), FLOW_SEQUENCES, LAG)
        ours, steps = [], []
        for _ in range(options.times(40, 5)):
            start = time.perf_counter()
            flow(trainer.model, batch)
            between = time.perf_counter()
            trainer.step()
            ours.append(1000 * (between - start))
            steps.append(1000 * (time.perf_counter() - between))
        about = f"its cost, lag {LAG}, {LANES[cell]} as large as an LSTM of {HIDDEN}"
        yield Figure(f"cost_{cell}", about, median(ours), "ms", at_most=REACH)
        yield Figure(
            f"steps_{cell}", "… beside a training step", median(ours), "ms", median(steps), "training step"
        )


def difference(trainer: Trainer) -> float:
    """From autograd through the plain cell, relative to the largest gradient."""
    core = trainer.model.core.double()
    inputs = torch.randn(LAG, 3, core.input_size, dtype=torch.float64)
    dh = torch.randn(3, core.hidden_size, dtype=torch.float64)
    steps = run_cells(core, inputs)[0]
    loss = (steps[-1].h * dh).sum()
    found = gradients(core, trace(core, inputs), dh)
    worst = 0.0
    for name in "hc" if hasattr(steps[0], "c") else "h":
        states = [getattr(step, name) for step in steps]
        expected = torch.stack(torch.autograd.grad(loss, states, retain_graph=True))
        gap = (getattr(found, name) - expected).abs().max() / expected.abs().max()
        worst = max(worst, gap.item())
    trainer.model.core.float()
    return worst
