"""Footprint: how large the networks of a config are, reckoned without building them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from lstm_core.config import GATES, MemoryConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.configs import AblationConfig, PairConfig, RaceConfig, SubjectConfig
from lstm_core.tasks import make_task
from lstm_core.training.timeline_capacity import capacity

NUMBER = 4  # bytes of a float32
LEARNING = 4  # numbers for each parameter: itself, its gradient, and Adam's two moments
FALLING_BACK = 6  # … and two copies of it and its moments, for a run that diverges
VALIDATION = 32  # sequences that are validated on at once, or about as many


@dataclass(frozen=True)
class Footprint:
    """parameters: trainable numbers of all networks, exactly. megabytes: of memory that they need while they
    train, about: parameters with their gradients, Adam's moments and copies to fall back to, the snapshots of
    the time machine, and what one training step holds for its way back. Data are not in it.
    """

    parameters: int
    megabytes: float


def footprint(config: SubjectConfig) -> Footprint:
    """Raises ValueError when there is data that cannot be learnt from."""
    if isinstance(config, AblationConfig):
        run, hidden = config.run(0), config.hidden_size
        # peepholes, and the gates that read the gates of the step before
        parameters = config.networks * _count(run) + config.seeds * (3 * hidden + 9 * hidden**2)
        numbers = LEARNING * parameters + config.networks * _step_numbers(run)
        return Footprint(parameters, NUMBER * numbers / 1e6)
    if isinstance(config, RaceConfig):
        runs = [config.run(lane) for lane in config.lanes]
    else:
        runs = list(config.sides) if isinstance(config, PairConfig) else [config]
    parameters = sum(map(_count, runs))
    numbers = (LEARNING + FALLING_BACK) * parameters + sum(map(_snapshots, runs))
    numbers += max(map(_step_numbers, runs))  # one after the other
    return Footprint(parameters, NUMBER * numbers / 1e6)


def check_size(config: SubjectConfig, limits: Limits) -> None:
    """Raises ValueError, one sentence for the page, for networks that are too large for this server, and for
    data that cannot be learnt from.
    """
    found = footprint(config)
    if found.parameters > limits.parameters:
        raise ValueError(
            f"These settings ask for {found.parameters:,} parameters, and at most {limits.parameters:,} fit "
            "on this server: choose fewer hidden units or layers."
        )
    if found.megabytes > limits.run_mb:
        raise ValueError(
            f"These settings ask for about {found.megabytes:,.0f} MB of memory, and a run may take "
            f"{limits.run_mb:,} MB on this server: choose fewer hidden units or layers, smaller batches or "
            "shorter sequences."
        )


def shapes(run: RunConfig) -> list[tuple[int, ...]]:
    """Of all parameters of one network."""
    model, (inputs, tokens, outputs) = run.model, _sizes(run.task, run.train)
    hidden, rows = model.hidden_size, len(GATES[model.cell]) * model.hidden_size
    width = model.embedding_size if tokens else inputs
    found: list[tuple[int, ...]] = [(tokens, width)] if tokens else []
    for _ in range(model.num_layers):
        found += [(rows, width), (rows, hidden), (rows,), (rows,)] * model.directions
        width = model.directions * hidden
    return [*found, (outputs, width), (outputs,)]


def _count(run: RunConfig) -> int:
    return sum(map(math.prod, shapes(run)))


def _step_numbers(run: RunConfig) -> int:
    """Numbers that a training step holds for its way back, or a validation at once, whichever are more."""
    model, (_, tokens, outputs) = run.model, _sizes(run.task, run.train)
    hidden = model.rows * model.hidden_size
    # gates and states, and their gradients; and what is said, its logarithms, and the gradients of both
    training = (
        2 * (len(GATES[model.cell]) + 3) * hidden + 2 * model.embedding_size * bool(tokens) + 4 * outputs
    )
    validating = 2 * hidden + 2 * outputs
    return run.length * max(run.knobs.batch_size * training, VALIDATION * validating)


def _snapshots(run: RunConfig) -> int:
    """Numbers in a full timeline: weights, and the means of second moments over rows and columns."""
    one = _count(run) + sum(map(sum, shapes(run)))
    return one * capacity(NUMBER * one)


@functools.lru_cache(maxsize=64)
def _sizes(task: TextConfig | SeriesConfig | MemoryConfig, train: TrainConfig) -> tuple[int, int, int]:
    """Numbers read at each step, tokens (0 for a series), and numbers said."""
    if isinstance(task, SeriesConfig):
        return 1, 0, 1
    if isinstance(task, TextConfig):
        text = make_task(task, train)
        return 0, text.input_tokens, text.vocab_size
    memory = make_task(task, train)
    return memory.input_size or 0, memory.vocab_size or 0, memory.output_size
