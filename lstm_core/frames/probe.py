"""The probe, which the heatmaps read, and the prompt: from what was typed to what the network reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstm_core.config import IGNORED, View
from lstm_core.tasks import SeriesTask, TextTask
from lstm_core.tasks.tokens import UNKNOWN, visible

PROBE_LIMIT = 128  # tokens or values
SERIES_PROBE = 48  # values in the stretch that is shown
PROMPT_LIMIT = 200  # tokens of a prompt that are read; earlier ones are left out
NAMED = 3  # unknown symbols that a note names
# labels above a heatmap: how many fit in large letters, and how many in small ones
LABELS = {"characters": (48, 64), "words": (32, 40)}
TICK_SIZES = 13, 10  # pixels of these letters
HEATMAP, LETTER = (
    480,
    6.5,
)  # widths of a heatmap in a small window, and of one of the small letters, in pixels
BLANKS = "␣↵⇥"


@dataclass(frozen=True)
class Probe:
    """inputs: (T, 1) int64 tokens or (T, 1, 1) float32 scaled values. true: the same without gaps. gaps: the
    steps at which there are some. labels: what each step reads, to show. arrays: for the frame. note: a
    sentence if it is not what was typed, else "".
    """

    inputs: Tensor
    true: Tensor
    labels: list[str]
    gaps: list[int] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    note: str = ""

    def lesson(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets, as if it were to be learnt from."""
        if self.gaps:
            targets = torch.full_like(self.true, IGNORED)
            targets[self.gaps] = self.true[self.gaps]
            return self.inputs, targets
        # what follows each step; one alone is followed by itself
        return (self.inputs[:-1], self.true[1:]) if len(self.inputs) > 1 else (self.inputs, self.true)

    def ticks(self, task: TextTask | SeriesTask) -> dict[str, Any]:
        """Which steps carry which label in a chart, and in letters of how many pixels: all steps if they fit
        side by side; else as many whole words as fit, each in its middle. Every second letter is no text.
        """
        count = len(self.labels)
        if not isinstance(task, TextTask):
            steps = list(range(0, count, 8))
            return {"tick_steps": steps, "ticks": [self.labels[step] for step in steps], "tick_size": 13}
        roomy, fits = LABELS[task.level]
        size = TICK_SIZES[0] if count <= roomy else TICK_SIZES[1]
        if count > fits and task.level == "characters":
            return self._word_ticks() | {"tick_size": size}
        steps = list(range(0, count, -(-count // fits)))
        labels = [shortened(self.labels[step]) for step in steps]
        return {"tick_steps": steps, "ticks": labels, "tick_size": size}

    def _word_ticks(self) -> dict[str, Any]:
        """Whole words of a text that is read letter by letter, as many as fit."""
        letters = HEATMAP / LETTER / len(self.labels)  # that have room above one step
        steps, words = [], []
        free = 0.0  # the first step that no word reaches over
        start = 0
        for gap, run in groupby(self.labels, lambda label: label in BLANKS):
            read = list(run)
            word = shortened("".join(read))
            middle, half = start + (len(read) - 1) / 2, (len(word) + 1) / letters / 2
            start += len(read)
            if not gap and middle - half >= free - 1:
                steps.append(round(middle))
                words.append(word)
                free = middle + half
        return {"tick_steps": steps, "ticks": words}


def read_probe(task: TextTask | SeriesTask, view: View) -> Probe:
    """The probe of a view: what was typed, or one that suits the data; of a series, the stretch chosen."""
    if isinstance(task, SeriesTask):
        length = min(SERIES_PROBE, len(task.values))
        start = round(view.probe_start * (len(task.values) - length))
        window = slice(start, start + length)
        values = task.values[window].astype(np.float32)
        scaled = torch.from_numpy(task.scaled[window, None, None])
        return Probe(scaled, scaled, [str(x) for x in task.x[window]], arrays={"probe": values})
    typed = task.default_probe if view.probe is None else view.probe
    tokens, lacking = task.read(typed)
    note = unread(task, tokens, lacking, f"first {PROBE_LIMIT}", PROBE_LIMIT)
    if not tokens:
        why = "the text never uses these characters" if typed else "nothing is typed"
        note = f"{why}, so that its own words are shown"
        tokens, lacking = task.encode(task.default_probe) or [0], []
    true = torch.tensor(tokens[:PROBE_LIMIT])[:, None]
    inputs, gaps = true.clone(), task.gaps_of(tokens[:PROBE_LIMIT])
    inputs[gaps] = task.blank
    labels = [task.display(token) for token in inputs.flatten().tolist()]
    if task.unknown is None:  # no step reads what the network does not know: it stands at the step beside it
        for place in {place for place, _ in lacking if place < len(labels)}:
            labels[place] = UNKNOWN + labels[place]
        if any(place == len(labels) for place, _ in lacking):
            labels[-1] += UNKNOWN
    return Probe(inputs, true, labels, gaps, note=note)


def read_prompt(task: TextTask, view: View) -> tuple[list[int], str, str]:
    """Tokens of the prompt, at least one; the prompt to be shown, with ▢ for what the network does not know;
    and a sentence if that is not what was typed.
    """
    typed = task.default_prompt if view.prompt is None else view.prompt
    tokens, lacking = task.read(typed)
    if tokens:
        note = unread(task, tokens, lacking, f"last {PROMPT_LIMIT}", PROMPT_LIMIT)
        return tokens[-PROMPT_LIMIT:], _marked(task, tokens, lacking), note
    start = task.encode("\n") or [0]
    why = "The text never uses these characters" if typed else "The prompt is empty"
    note = f"{why}, so the network starts from “{task.display(start[0])}”."
    return start, task.decode(start), note


def _marked(task: TextTask, tokens: list[int], lacking: list[tuple[int, str]]) -> str:
    """The last tokens that are read, as text, with ▢ where a symbol is skipped."""
    first = max(0, len(tokens) - PROMPT_LIMIT)
    places = sorted({place for place, _ in lacking if place >= first}) if task.unknown is None else []
    heads = [task.decode(tokens[first:place]) for place in [*places, len(tokens)]]
    text = heads[0]
    for before, head in pairwise(heads):
        text += UNKNOWN + head[len(before) :]
    return text


def shortened(label: str) -> str:
    """A label that fits above a column: eight letters of a long word."""
    return label if len(label) <= 9 else label[:8] + "…"


def unread(task: TextTask, tokens: list[int], lacking: list[tuple[int, str]], kept: str, limit: int) -> str:
    """What of a typed text the network does not read as it is, in a few words; "" if it reads all of it."""
    symbols = list(dict.fromkeys(symbol for _, symbol in lacking))
    notes = []
    if symbols:
        named = ", ".join(f"“{shortened(visible(symbol))}”" for symbol in symbols[:NAMED])
        more = f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else ""
        how = f"not read, shown as {UNKNOWN}" if task.unknown is None else f"read as {UNKNOWN}"
        notes.append(f"its text has no {named}{more}: {how}")
    notes += [f"only the {kept} {task.level} are read"] if len(tokens) > limit else []
    return "; ".join(notes)
