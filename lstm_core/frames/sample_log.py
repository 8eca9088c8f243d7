"""Growth: what a network wrote at log-spaced steps, to look back on."""

from __future__ import annotations

from typing import Any

import torch

from lstm_core.config import View
from lstm_core.frames.outputs import GROWTH_LENGTH, filled_text, growth_text, written
from lstm_core.frames.view_state import Scene
from lstm_core.nn.model import SequenceModel
from lstm_core.serialization.reader import Reader
from lstm_core.tasks import TextTask

Growth = list[tuple[int, str]]  # (step, sample)
MOST_SAMPLES = 100  # in a saved run


def is_growth_step(step: int) -> bool:
    """True at 0, 10, 30, 100, 300, 1000, …: the moments whose samples are kept to look back on."""
    digits = str(step)
    return step == 0 or (step >= 10 and digits[0] in "13" and not digits[1:].strip("0"))


@torch.no_grad()
def growth_sample(task: TextTask, model: SequenceModel, scene: Scene, view: View) -> str:
    """A short sample of what a network writes, or how it fills the probe, in one line."""
    if task.goal == "gaps":
        text = filled_text(task, scene.probe, model(scene.probe.inputs)[0][:, 0])
    else:
        sample = written(model, task, scene.prompt, view, length=GROWTH_LENGTH[task.level])
        text = growth_text(scene.prompt_text, sample)
    return text.replace("\n", "↵")


def growth_tree(growth: Growth) -> list[dict[str, Any]]:
    """The samples to look back on, as a tree."""
    return [{"step": step, "text": text} for step, text in growth]


def read_growth(tree: Any, upto: int) -> Growth:
    """Samples of steps up to `upto`, from their tree. Raises ValueError for what is none."""
    if not isinstance(tree, list) or len(tree) > MOST_SAMPLES:
        raise ValueError(f"growth has to be a list of at most {MOST_SAMPLES} samples.")
    growth: Growth = []
    for sample in tree:
        reader = Reader(sample, "sample")
        growth.append((reader.count("step", 0, upto), reader.text("text")))
        reader.end()
    return growth
