"""Find the units that tell something apart: whose c or h is higher, or lower, where a pattern is. (A GRU and
an RNN have only h.)

The measure is the area under the ROC curve (AUC): how likely a marked token has a higher value than an
unmarked one. Among hundreds of units some look good by chance, and an untrained network already follows its
input; so the same is measured with the initial weights.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from lstm_core.analysis.activations import Reading, read_held_out, read_probe
from lstm_core.analysis.question import FINDERS, SERIES_KINDS, TEXT_KINDS, Question
from lstm_core.analysis.token_patterns import mark_text, regular_expression
from lstm_core.config import GATES
from lstm_core.nn.cell import directions_of
from lstm_core.nn.model import SequenceModel
from lstm_core.tasks import SeriesTask, TextTask

LIMIT = 20_000  # held-out tokens or values that are looked at …
WORK = 4e9  # … or fewer, in multiply-adds: of a network so large that they would take seconds
MOST_FOUND = 12
FEWEST_HELD_OUT = 10
FEW = 10  # marked or unmarked tokens, below which chance alone makes good units


def find_units(
    question: Question,
    model: SequenceModel,
    untrained: SequenceModel,
    task: TextTask | SeriesTask,
    row: int,
    probe: Tensor,
    true: Tensor | None = None,
) -> dict[str, Any]:
    """The units of one row of a network that answer a question best, as JSON values.

    untrained: the network with its initial weights; probe: (T, 1) int64 tokens or (T, 1, 1) scaled values;
    true: the same without the gaps that the probe may have. A "stretch" is looked for on the probe, all else
    in the first 20,000 held-out tokens or values, fewer of a network so large that they would take seconds.

    kind; question (a few words); error ("", or a sentence if there are no units); note ("" or a sentence);
    where; count (of tokens looked at), marked (of them); marks (of each step of the probe, or None); units:
    at most 12, best first, each with unit, signal ("c" or "h", whichever is better), higher (whether its
    values are, where marked), auc (0.5 to 1: turned over if they are lower) and untrained (of the same unit
    and signal of the untrained network, turned over likewise); untrained_best: the best AUC of all those that
    the untrained network has, which is what the search alone makes of chance and of the input.
    """
    on_probe = question.kind == "stretch"
    if on_probe:
        first, last = (min(max(step, 0), len(probe) - 1) for step in question.stretch)
        question = replace(question, stretch=(first, last))
    words = str(question)
    found: dict[str, Any] = {
        "kind": question.kind,
        "question": words[0].upper() + words[1:],
        "error": "",
        "note": "",
        "where": "the probe" if on_probe else "held-out " + ("text" if task.kind == "text" else "values"),
        "count": 0,
        "marked": 0,
        "marks": None,
        "units": [],
        "untrained_best": 0.5,
    }
    limit = _limit(model, row)
    try:
        marked, marks = _mark(question, task, probe if true is None else true, limit)
        found |= {"count": len(marked), "marked": int(marked.sum()), "marks": marks}
        found["note"] = _check(question, marked, _tokens(task))
    except ValueError as error:
        return found | {"error": str(error)}

    def read(network: SequenceModel) -> Reading:
        return read_probe(network, probe, row) if on_probe else read_held_out(network, task, row, limit)

    trained = read(model)
    if not all(np.isfinite(state).all() for state in trained.states.values()):
        return found | {"error": "The network's numbers are no longer finite: press Reset to start over."}
    return found | _rank(trained, read(untrained), marked)


def _limit(model: SequenceModel, row: int) -> int:
    """Held-out tokens or values that are read for an answer, up to LIMIT."""
    core, directions = model.core, directions_of(model.core)
    hidden, block = core.hidden_size, len(GATES[model.config.cell]) * core.hidden_size
    layer = row // directions
    widths = [core.input_size, *[directions * hidden] * layer]  # of what each layer reads
    below = sum(directions * block * (width + hidden) for width in widths[:-1])
    return min(LIMIT, int(WORK / (below + block * (widths[-1] + hidden))))


def _rank(trained: Reading, untrained: Reading, marked: np.ndarray) -> dict[str, Any]:
    """The best units, and the best that the untrained network has."""
    # (states, H)
    after, before = (
        np.stack([auc(state, marked) for state in one.states.values()]) for one in (trained, untrained)
    )
    names = list(trained.states)
    turned = np.maximum(after, 1 - after)
    signals = turned.argmax(axis=0)
    units = []
    for unit in np.argsort(-turned.max(axis=0), kind="stable")[:MOST_FOUND].tolist():
        place = signals[unit], unit
        higher = bool(after[place] >= 0.5)
        units.append(
            {
                "unit": unit,
                "signal": names[signals[unit]],
                "auc": float(turned[place]),
                "higher": higher,
                "untrained": float(before[place] if higher else 1 - before[place]),
            }
        )
    return {"units": units, "untrained_best": float(np.maximum(before, 1 - before).max())}


def auc(values: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """(U,) float64: P(a marked value > an unmarked one) + ½ P(they are equal), for each column of `values`.

    values (N, U), finite; marked (N,) bool. It is the area under the ROC curve, counted exactly as Mann and
    Whitney's U. Raises ValueError unless some are marked and some are not.
    """
    few, many = values[marked], values[~marked]
    if not len(few) or not len(many):
        raise ValueError("an AUC needs marked and unmarked values.")
    higher = len(few) <= len(many)
    if not higher:
        few, many = many, few
    few, many = (np.ascontiguousarray(part.T) for part in (few, many))
    few.sort(axis=1)  # neighbours are found faster one after the other
    many.sort(axis=1)
    wins = np.array([_wins(ours, theirs) for ours, theirs in zip(few, many, strict=True)])
    pairs = few.shape[1] * many.shape[1]
    return (wins if higher else pairs - wins) / pairs


def _wins(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Pairs of which ours is the higher, and half of those that are equal. Both sorted."""
    below = theirs.searchsorted(ours)
    ties = np.flatnonzero(theirs.take(below, mode="clip") == ours)
    equal = theirs.searchsorted(ours[ties], "right") - below[ties]
    return below.sum() + equal.sum() / 2


def _mark(
    question: Question, task: TextTask | SeriesTask, probe: Tensor, held_out: int
) -> tuple[np.ndarray, list[bool] | None]:
    """What is marked where the question is answered, (N,) bool, and on the probe if that can be said;
    held_out: N at most, for what is not answered on the probe.

    Raises ValueError, a sentence for the page.
    """
    kind = question.kind
    if kind == "stretch":
        first, last = question.stretch
        steps = np.arange(len(probe))
        marked = (first <= steps) & (steps <= last)
        return marked, marked.tolist()
    if isinstance(task, SeriesTask):
        if kind in TEXT_KINDS:
            raise ValueError(
                "A series has no letters: ask where it rises or is above a value, or mark a stretch."
            )
        limit = question.value if kind == "above" else None
        scaled = None if limit is None else task.scale(limit)
        values = task.values[task.split - 1 :][: held_out + 1]
        # as the network reads it, in float32: back in its own units a value could lie above itself
        return _mark_values(values, limit)[1:], _mark_values(probe.flatten().numpy(), scaled).tolist()
    if kind in SERIES_KINDS:
        raise ValueError(
            "A text neither rises nor has a height: ask for quotes, brackets, newlines, uppercase letters or "
            "a pattern, or mark a stretch of the probe."
        )
    find = FINDERS.get(kind) or regular_expression(question.text)
    marked = mark_text(task, task.valid_tokens[:held_out].tolist(), find)
    try:
        return marked, mark_text(task, probe.flatten().tolist(), find).tolist()
    except ValueError:  # no time was left for it
        return marked, None


def _mark_values(values: np.ndarray, limit: float | None) -> np.ndarray:
    """(N,) bool: which values are above a limit; without one, above the value before them."""
    if limit is not None:
        with np.errstate(over="ignore"):
            return values > values.dtype.type(limit)
    return np.append(False, values[1:] > values[:-1])


def _check(question: Question, marked: np.ndarray, tokens: str) -> str:
    """A note if the answer is worth little, "" otherwise. Raises ValueError if there cannot be one."""
    count, hits = len(marked), int(marked.sum())
    if question.kind == "stretch":
        if hits == count:
            raise ValueError(
                "The stretch is the whole probe, so that there is nothing to tell it from: mark a part of it."
            )
    elif count < FEWEST_HELD_OUT:
        raise ValueError(
            f"Only {count} {tokens} are held out, too few to tell units apart: learn from more of them."
        )
    elif not hits:
        raise ValueError(
            f"None of the {count:,} held-out {tokens} is {question}: ask for something that some of them are."
        )
    elif hits == count:
        raise ValueError(
            f"All {count:,} held-out {tokens} are {question}: ask for something that only some of them are."
        )
    fewer = min(hits, count - hits)
    if fewer >= FEW:
        return ""
    which = "marked" if hits <= count - hits else "not marked"
    subject = f"1 of the {tokens} is" if fewer == 1 else f"{fewer} {tokens} are"
    return (
        f"Only {subject} {which}: chance alone makes some unit look good; compare with the untrained network."
    )


def _tokens(task: TextTask | SeriesTask) -> str:
    return task.level if isinstance(task, TextTask) else "values"
