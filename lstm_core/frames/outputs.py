"""What a network makes, in the form that frames carry: text that it writes, gaps that it fills, a series that
it continues.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_core.config import IGNORED, View
from lstm_core.frames.probe import Probe
from lstm_core.nn.cell import Holds
from lstm_core.nn.model import SequenceModel
from lstm_core.nn.sampling import forecast, next_tokens, sample_text
from lstm_core.tasks import SeriesTask, TextTask
from lstm_core.training.trainer import Trainer

SAMPLE_LENGTH = {"characters": 240, "words": 60}  # tokens
GROWTH_LENGTH = {"characters": 60, "words": 14}
GROWTH_PROMPT = 12  # letters before them
CONTEXT = 128  # known values before a forecast
HORIZON = 96  # forecast steps of a series without a known period
LONGEST_HORIZON = 300
LIKELIEST = 8  # tokens of which the probabilities are shown

Arrays = dict[str, np.ndarray]


def make_outputs(
    trainer: Trainer,
    model: SequenceModel,
    prompt: list[int],
    prompt_text: str,
    view: View,
    holds: Holds | None,
    both: bool,
) -> tuple[dict[str, Any], Arrays]:
    """All that takes longer than a frame: meta and arrays. prompt_text: the prompt as it is shown. both: also
    as it is under the hands, in `held`.
    """
    meta, arrays = _made(trainer, model, prompt, view)
    if "sample" in meta:
        meta["prompt"] = prompt_text
    if not both:
        return meta, arrays
    held, held_arrays = _made(trainer, model, prompt, view, holds) if holds else (meta, arrays)
    free_loss = trainer.validate(model)
    losses = {"free_loss": free_loss, "held_loss": trainer.validate(model, holds) if holds else free_loss}
    if "sample" in meta:
        assert isinstance(trainer.task, TextTask)
        held = (
            held
            | {"prompt": prompt_text}
            | likeliest_next(model, trainer.task, prompt, holds)
            | {"free_sample": meta["sample"]}
        )
    return meta | {"held": held | losses}, arrays | {f"held_{name}": held_arrays[name] for name in arrays}


def _made(
    trainer: Trainer, model: SequenceModel, prompt: list[int], view: View, holds: Holds | None = None
) -> tuple[dict[str, Any], Arrays]:
    task = trainer.task
    if isinstance(task, SeriesTask):
        fit, ahead, rmse = forecast_lines(model, task, holds)
        return {"closed_rmse": rmse}, {"fit": fit, "forecast": ahead}
    if not isinstance(task, TextTask):
        raise ValueError(f"a {task.kind} task makes nothing to show.")
    if task.goal == "gaps":
        return {"filled": {"valid_accuracy": valid_accuracy(model, task, trainer.length, holds)}}, {}
    return {"sample": written(model, task, prompt, view, holds)}, {}


def likeliest_next(
    model: SequenceModel, task: TextTask, prompt: list[int], holds: Holds | None = None
) -> dict[str, Any]:
    """What the network expects after the prompt: labels, likeliest first, and their probabilities."""
    tokens, probabilities = next_tokens(model, prompt, LIKELIEST, holds)
    return {"next": [task.display(token) for token in tokens], "next_p": probabilities.tolist()}


def filled(task: TextTask, probe: Probe, logits: Tensor, time: int) -> dict[str, Any]:
    """How the gaps of the probe are filled, from the predictions (T, vocab_size) at each of its steps.

    filled: tokens (a label for each step, none of them hidden), gaps (of each t, true, guess, p of the guess
    and p_true), accuracy (share of right guesses; None without gaps). next, next_p: what is likeliest at
    step `time`, or at the first gap if that is none; next_at: that step, None without gaps.
    """
    chances = torch.softmax(logits.double(), dim=-1)
    true = probe.true.flatten().tolist()
    gaps = []
    for t in probe.gaps:
        guess = int(logits[t].argmax())
        names = {"true": task.display(true[t]), "guess": task.display(guess)}
        gaps.append({"t": t, **names, "p": chances[t, guess].item(), "p_true": chances[t, true[t]].item()})
    right = [int(logits[t].argmax()) == true[t] for t in probe.gaps]
    shown = {
        "tokens": [task.display(token) for token in true],
        "gaps": gaps,
        "accuracy": sum(right) / len(right) if right else None,
    }
    if not gaps:
        return {"filled": shown, "next": [], "next_p": [], "next_at": None}
    at = time if time in probe.gaps else probe.gaps[0]
    best, tokens = chances[at].topk(min(LIKELIEST, task.vocab_size))
    labels = [task.display(token) for token in tokens.tolist()]
    return {"filled": shown, "next": labels, "next_p": best.tolist(), "next_at": at}


def filled_text(task: TextTask, probe: Probe, logits: Tensor) -> str:
    """The probe with what is likeliest in its gaps."""
    tokens = probe.true.flatten().tolist()
    for t in probe.gaps:
        tokens[t] = int(logits[t].argmax())
    return task.decode(tokens[: GROWTH_LENGTH[task.level]])


@torch.no_grad()
def valid_accuracy(model: SequenceModel, task: TextTask, length: int, holds: Holds | None = None) -> float:
    """Share of the gaps in the validation part that are filled rightly."""
    batch = task.validation(length)
    guesses = model(batch.inputs, holds=holds)[0].argmax(-1)
    return (guesses == batch.targets)[batch.targets != IGNORED].double().mean().item()


def written(
    model: SequenceModel,
    task: TextTask,
    prompt: list[int],
    view: View,
    holds: Holds | None = None,
    length: int | None = None,
) -> str:
    """How the network goes on from the prompt with the temperature and the dice of `view`."""
    length = length or SAMPLE_LENGTH[task.level]
    sample = sample_text(model, prompt, length, view.temperature, view.top_k, view.seed, holds)
    # the joint between prompt and sample may need a space, or none, so both are decoded together
    head, whole = task.decode(prompt), task.decode(prompt + sample)
    return whole[len(head) :]


def growth_text(beginning: str, sample: str) -> str:
    """A sample to be compared with later ones: of a long prompt only the end, to leave it room."""
    if len(beginning) > GROWTH_PROMPT:
        beginning = "…" + beginning[1 - GROWTH_PROMPT :]
    return beginning + sample


def forecast_stretch(task: SeriesTask) -> tuple[int, int, int]:
    """Indices of the first known value, of the first forecast one, and of the end of the forecast."""
    wanted = round(3 * task.period) if task.period else HORIZON
    return (
        max(0, task.split - CONTEXT),
        task.split,
        min(len(task.values), task.split + min(wanted, LONGEST_HORIZON)),
    )


def forecast_axes(task: SeriesTask) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What every forecast is drawn over: the labels of the values, and the data. Never changes in a run."""
    first, split, end = forecast_stretch(task)
    axes = {
        "x": list(task.x[first:end]),
        "forecast_x": list(task.x[split:end]),
    }
    return axes, {"data": task.values[first:end].astype(np.float32)}


def forecast_lines(
    model: SequenceModel, task: SeriesTask, holds: Holds | None = None
) -> tuple[np.ndarray, np.ndarray, float]:
    """One-step-ahead fit and closed-loop forecast, float32 in the series' own units; the forecast's RMSE."""
    first, split, end = forecast_stretch(task)
    fit, ahead = forecast(model, torch.from_numpy(task.scaled[first:split, None]), end - split, holds)
    ahead, truth = task.unscale(ahead), task.values[split:end]
    # the prediction of the first known value does not exist; the last one is the forecast's first
    fit = np.concatenate([[np.nan], task.unscale(fit[:-1])]).astype(np.float32)
    return fit, ahead.astype(np.float32), float(np.sqrt(np.mean((ahead - truth) ** 2)))
