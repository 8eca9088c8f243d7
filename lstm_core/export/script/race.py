"""The script of a race: several networks that learn one memory task side by side."""

from __future__ import annotations

from lstm_core.config import ModelConfig
from lstm_core.experiments.race.config import LANES, RaceConfig
from lstm_core.experiments.race.sizes import EMBEDDING
from lstm_core.export.script.network import CELLS, reach_flags
from lstm_core.export.script.template import fill
from lstm_core.tasks.memory import MemoryTask

DO = {"recall": "recall", "adding": "add", "counting": "count"}


def race_script(config: RaceConfig) -> str:
    """The script of all networks that take part."""
    knobs, task = config.knobs, MemoryTask(config.task, config.train)
    models = {LANES[lane]: config.model(lane) for lane in config.lanes}
    biases = {name: _bias(model) for name, model in models.items()}
    length = config.run(config.lanes[0]).length
    flags = {config.task.kind, config.init} | reach_flags(knobs.reach, length)
    if task.vocab_size:
        flags.add("tokens")
    cells = {model.cell for model in models.values()}
    if "lstm" in cells:
        flags |= {"lstm"} | ({"mixed"} if len(cells) > 1 else set())
    chrono = [models[name].chrono for name, bias in biases.items() if bias == "chrono"]
    if chrono:
        flags |= {"chrono", "biased"}
    if any(isinstance(bias, float) for bias in biases.values()):
        flags |= {"number", "biased"}
    learn = f"{'learns' if len(models) == 1 else 'learn'} to {DO[config.task.kind]}"
    values = vars(knobs) | {
        "about": f"{_listed(list(models))} {learn} over {knobs.lag} steps, each with its loss",
        "seed": config.train.seed,
        "length": length,
        "cells": ", ".join(f"nn.{CELLS[model.cell]}" for model in models.values()),
        "units": ", ".join(str(model.hidden_size) for model in models.values()),
        "biases": ", ".join(map(_literal, biases.values())),
        "tokens": task.vocab_size,
        "inputs": EMBEDDING if task.vocab_size else task.input_size,
        "outputs": task.output_size,
        "span": max(1, max(chrono, default=1) - 1),
    }
    return fill("race.txt", flags, values)


def _bias(model: ModelConfig) -> float | str | None:
    """How the gate begins that keeps the past: with a number, "chrono", or as all others."""
    if model.chrono and model.cell != "rnn":
        return "chrono"
    return float(model.forget_bias) if model.cell == "lstm" else None


def _literal(bias: float | str | None) -> str:
    return f'"{bias}"' if isinstance(bias, str) else repr(bias)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
