"""Tables to take home: all gates and states of the probe, and the losses, as CSV.

Comma between cells, a point in numbers, UTF-8, one line of names on top. A text cell comes from whatever text
the network learns, and a spreadsheet would compute one that begins with =, +, − or @: such a cell gets an
apostrophe in front, and so does one that begins with an apostrophe, so that to read a text cell is to drop
one leading apostrophe if there is one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import torch

from lstm_core.config import SIGNALS
from lstm_core.experiments.ablation.ablation import Ablation
from lstm_core.experiments.ablation.variants import VARIANTS
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Network
from lstm_core.experiments.pair.pair import Pair
from lstm_core.experiments.race.race import Race
from lstm_core.nn.trace import trace
from lstm_core.tasks import SeriesTask
from lstm_core.training.history import History

# what makes a spreadsheet compute, full-width signs too; and the apostrophe, which else could mean both
_COMPUTES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


@torch.no_grad()
def trace_table(network: Network) -> str:
    """Every signal of every unit of the row that is shown, while the network reads the probe: one line for
    each time step and unit, 9 significant digits, which tell every float32 from all others.

    Columns: t, from 0; token, as the page shows it (a newline is ↵, a space ␣, a gap ▢), or of a series x and
    its value there; input, what the network reads, a token's number or the scaled value; unit; and the
    signals, i f g o c h of an LSTM, r z n h of a GRU, h of an RNN. No hands are laid on it.
    """
    observer, task = network.observer, network.trainer.task
    scene, model = observer.scene, observer.model
    signals = trace(model.core, model.embed(scene.probe.inputs))
    names = SIGNALS[network.config.model.cell]
    # (T, H, signals)
    numbers = torch.stack([getattr(signals, name)[scene.row, :, 0] for name in names], dim=-1).tolist()
    series = isinstance(task, SeriesTask)
    rows = []
    for t, (label, read) in enumerate(zip(scene.probe.labels, scene.probe.inputs.flatten(), strict=True)):
        start = [str(t), safe(label)]
        start += (
            [_digits(scene.probe.arrays["probe"][t]), _digits(read.item())] if series else [str(read.item())]
        )
        for unit, values in enumerate(numbers[t]):
            rows.append([*start, str(unit), *map(_digits, values)])
    return _table(["t", *(["x", "value"] if series else ["token"]), "input", "unit", *names], rows)


def loss_table(subject: Subject) -> str:
    """The losses over the steps, as exactly as they are kept: after many steps each is the mean of those
    since the line before.

    Columns: step; train and valid, of a pair for each side; of a race train and accuracy for each network;
    of the experiment without gates the mean validation loss of each variant.
    """
    if isinstance(subject, Ablation):
        steps, tables = subject.curves.steps, subject.curves.tables
        lines = {
            variant.name: [(step, float(table[0, k])) for step, table in zip(steps, tables, strict=True)]
            for k, variant in enumerate(VARIANTS)
        }
        return _lines(lines)
    histories: dict[str, History] = {}
    if isinstance(subject, Race):
        for lane in subject.lanes.values():
            histories |= {f"{lane.name} train": lane.trainer.losses, f"{lane.name} accuracy": lane.accuracies}
    elif isinstance(subject, Pair):
        for name, side in zip(("left", "right"), subject.sides, strict=True):
            histories |= {f"{name} train": side.losses, f"{name} valid": side.valid_losses}
    elif isinstance(subject, Network):
        step, trainer = subject.observer.step, subject.trainer
        histories = {"train": trainer.losses.upto(step), "valid": trainer.valid_losses.upto(step)}
    return _lines({name: history.points for name, history in histories.items()})


def safe(text: str) -> str:
    """A text cell that no spreadsheet computes."""
    return "'" + text if text.startswith(_COMPUTES) else text


def _lines(columns: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """A line for each step at which a column has a value; where it has none the cell is empty."""
    by_step = {name: dict(points) for name, points in columns.items()}
    steps = sorted({step for points in by_step.values() for step in points})
    rows = (
        [str(step), *(repr(points[step]) if step in points else "" for points in by_step.values())]
        for step in steps
    )
    return _table(["step", *map(safe, columns)], rows)


def _digits(value: float) -> str:
    return f"{value:.9g}"


def _table(names: list[str], rows: Iterable[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()
