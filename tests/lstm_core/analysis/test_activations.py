"""Reading held-out data: every state and gate is what torch computes; and what a survey shows of them."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core import trace
from lstm_core.analysis.activations import WARM_UP, read_held_out, read_probe, survey
from lstm_core.config import (
    CELLS,
    SIGNALS,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
)
from lstm_core.nn.model import SequenceModel
from lstm_core.tasks import make_task
from lstm_core.training.trainer import Trainer

SHORT = TrainConfig(sequence_length=4)
STORY = "The cat sat on the mat (again).\nThe dog, who saw it, said: No! 12 cats; 3 dogs.\n"


def untrained(task, cell, bidirectional=False, layers=2, hidden=6):
    """A network of any kind with larger weights than it begins with, and its task."""
    made = make_task(task, SHORT)
    config = ModelConfig(cell, hidden, layers, 5, init="uniform", bidirectional=bidirectional)
    model = SequenceModel(config, getattr(made, "vocab_size", None), seed=1)
    with torch.no_grad():
        for weight in model.core.parameters():
            weight *= 2
    return SimpleNamespace(model=model, task=made)


def trained(task, hidden=6, layers=1, steps=3):
    trainer = Trainer(RunConfig(task, ModelConfig(hidden_size=hidden, num_layers=layers), SHORT))
    for _ in range(steps):
        trainer.step()
    return trainer


def text_task(size, level="characters"):
    story = STORY * (size // len(STORY) + 1)
    return TextConfig("own", level, text=story[:size])


def series_task(size, seed=0):
    values = np.cumsum(np.random.default_rng(seed).normal(size=size))
    return SeriesConfig("own", values=tuple(values.tolist()))


def exactly(trainer, reading, step):
    """Every signal at held-out step `step`, each (rows, H), from torch in float64 on that stream alone."""
    task, model = trainer.task, copy.deepcopy(trainer.model).double()
    begin = step // reading.length * reading.length
    if task.kind == "text":
        data = np.concatenate([task.train_tokens, task.valid_tokens]).astype(np.int64)
        split = len(task.train_tokens)
    else:
        data, split = task.scaled.astype(np.float64)[:, None], task.split
    start, end = max(0, split + begin - WARM_UP), split + step + 1
    if model.core.bidirectional:
        end = split + min(begin + reading.length, len(reading.tokens)) + WARM_UP
    inputs = torch.from_numpy(data[start:end])[:, None]
    with torch.no_grad():
        shown = trace(model.core, model.embed(inputs))
    place = split + step - start
    return {name: part[:, place, 0].numpy() for name, part in vars(shown).items() if name != "output"}


# reading


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("task", [text_task(9_000), series_task(4_000), text_task(9_000, "words")])
def test_every_signal_is_what_the_network_computes(task, layer):
    trainer = trained(task, layers=2)
    reading = read_held_out(trainer.model, trainer.task, layer)
    count = len(reading.tokens)
    assert reading.states["c"].shape == reading.states["h"].shape == (count, 6)
    assert reading.states["c"].dtype == reading.states["h"].dtype == np.float32
    check_signals(trainer, reading, layer)


def check_signals(trainer, reading, row):
    names, count = SIGNALS[trainer.model.config.cell], len(reading.tokens)
    gates = {name: np.stack([reading.signal(name, unit) for unit in range(6)], 1) for name in names}
    assert reading.length < count  # more than one stream
    for step in (0, 1, reading.length - 1, reading.length, reading.length + 1, count - 2, count - 1):
        exact = exactly(trainer, reading, step)
        for name, matrix in gates.items():
            np.testing.assert_allclose(matrix[step], exact[name][row], rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("task", [text_task(9_000), text_task(40_000), series_task(4_000)])
def test_every_signal_of_every_cell(task, cell, bidirectional):
    network = untrained(task, cell, bidirectional)
    for row in range(4 if bidirectional else 2):
        reading = read_held_out(network.model, network.task, row, limit=2_000)
        assert list(reading.states) == (["c", "h"] if cell == "lstm" else ["h"])
        check_signals(network, reading, row)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("row", range(4))
def test_a_probe_of_two_directions_is_read_from_both_ends(cell, row):
    network = untrained(text_task(3_000), cell, bidirectional=True)
    inputs = torch.tensor(network.task.encode("The dog said"))[:, None]
    with torch.no_grad():
        exact = trace(network.model.core, network.model.embed(inputs))
    reading = read_probe(network.model, inputs, row)
    for name in SIGNALS[cell]:
        expected = getattr(exact, name)[row, :, 0, 1].numpy()
        np.testing.assert_allclose(reading.signal(name, 1), expected, rtol=0, atol=2e-6)


def test_tokens_come_in_the_order_of_the_data():
    trainer = trained(text_task(9_000))
    assert read_held_out(trainer.model, trainer.task, 0).tokens.tolist() == trainer.task.valid_tokens.tolist()
    reading = read_held_out(trainer.model, trainer.task, 0, limit=70)
    assert reading.tokens.tolist() == trainer.task.valid_tokens[:70].tolist()
    trainer = trained(series_task(500))
    reading = read_held_out(trainer.model, trainer.task, 0)
    np.testing.assert_array_equal(reading.tokens, trainer.task.values[400:])
    assert reading.tokens.dtype == np.float64


@given(size=st.integers(9, 3_000), limit=st.integers(2, 400), layer=st.integers(0, 1))
def test_any_length_is_read_whole(size, limit, layer):
    trainer = trained(text_task(size), hidden=4, layers=2, steps=0)
    reading = read_held_out(trainer.model, trainer.task, layer, limit)
    count = min(limit, len(trainer.task.valid_tokens))
    assert reading.states["c"].shape == reading.states["h"].shape == (count, 4)
    for step in {0, count // 2, count - 1}:
        exact = exactly(trainer, reading, step)
        np.testing.assert_allclose(reading.states["c"][step], exact["c"][layer], rtol=0, atol=2e-6)
        np.testing.assert_allclose(reading.signal("f", 3)[step], exact["f"][layer, 3], rtol=0, atol=2e-6)


def test_reading_leaves_the_training_alone():
    watched, alone = trained(text_task(3_000)), trained(text_task(3_000))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    survey(watched.model, watched.task, 0, 0, "f")
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.requires_grad for parameter in watched.model.parameters())
    assert [watched.step() for _ in range(3)] == [alone.step() for _ in range(3)]


def test_a_reading_stays_as_it_was_read():
    trainer = trained(text_task(3_000))
    reading = read_held_out(trainer.model, trainer.task, 0)
    before = reading.signal("o", 2)
    trainer.step()
    np.testing.assert_array_equal(reading.signal("o", 2), before)


def test_a_probe_is_read_from_zero_state():
    trainer = trained(text_task(3_000), layers=2)
    inputs = torch.tensor(trainer.task.encode("The dog said"))[:, None]
    with torch.no_grad():
        exact = trace(trainer.model.core, trainer.model.embed(inputs))
    for layer in (0, 1):
        reading = read_probe(trainer.model, inputs, layer)
        for name in "ifgoch":
            expected = getattr(exact, name)[layer, :, 0, 1].numpy()
            np.testing.assert_allclose(reading.signal(name, 1), expected, rtol=0, atol=2e-6)


@given(
    size=st.integers(9, 3_000), limit=st.integers(2, 400), row=st.integers(0, 3), cell=st.sampled_from(CELLS)
)
def test_any_length_is_read_from_both_sides(size, limit, row, cell):
    network = untrained(text_task(size), cell, bidirectional=True, hidden=4)
    reading = read_held_out(network.model, network.task, row, limit)
    count = min(limit, len(network.task.valid_tokens))
    for step in {0, count // 2, count - 1}:
        exact = exactly(network, reading, step)
        for name in SIGNALS[cell]:
            np.testing.assert_allclose(reading.signal(name, 3)[step], exact[name][row, 3], rtol=0, atol=1e-5)


def test_a_signal_of_another_cell_is_named():
    network = untrained(text_task(200), "gru")
    with pytest.raises(ValueError, match="no signal 'c'; there are r, z, n, h"):
        read_held_out(network.model, network.task, 0).signal("c", 0)


@pytest.mark.parametrize("name", ["x", "", "if", "z"])
def test_unknown_signals_are_named(name):
    trainer = trained(text_task(200), steps=0)
    with pytest.raises(ValueError, match="there is no signal"):
        read_held_out(trainer.model, trainer.task, 0).signal(name, 0)


@pytest.mark.parametrize("unit", [-1, 6])
def test_unknown_units_are_named(unit):
    trainer = trained(text_task(200), steps=0)
    with pytest.raises(IndexError, match=f"there is no unit {unit}"):
        read_held_out(trainer.model, trainer.task, 0).signal("c", unit)


# distribution


@pytest.mark.parametrize("signal", "ifgoch")
@pytest.mark.parametrize("task", [text_task(9_000), series_task(1_500)])
def test_the_distribution_counts_every_value(task, signal):
    trainer = trained(task, steps=30)
    values = read_held_out(trainer.model, trainer.task, 0, 5_000).signal(signal, 2)
    meta, arrays = survey(trainer.model, trainer.task, 0, 2, signal)
    edges, counts = arrays["survey_edges"], arrays["survey_counts"]
    assert (edges.dtype, counts.dtype) == (np.float32, np.int32)
    assert counts.sum() == meta["count"] == len(values)
    assert 25 <= len(counts) == len(edges) - 1 <= 42
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0], rtol=1e-3)
    for edge, below in zip(edges, np.cumsum([0, *counts]), strict=True):
        # float32 rounds the edges, so that a value may change sides
        assert np.sum(values < edge - 1e-6) <= below <= np.sum(values < edge + 1e-6)
    if signal in "ifo":
        assert (edges[0], edges[-1]) == (0, 1)
    elif signal in "gh":
        assert (edges[0], edges[-1]) == (-1, 1)
    else:
        width = edges[1] - edges[0]
        assert edges[0] <= values.min() + 1e-6 < edges[0] + width + 2e-6
        assert edges[-1] - width - 2e-6 < values.max() - 1e-6 <= edges[-1]


@pytest.mark.parametrize("signal", "ifgoch")
def test_a_unit_that_never_varies_has_a_survey(signal):
    trainer = trained(text_task(3_000), steps=0)
    with torch.no_grad():
        for parameter in trainer.model.core.parameters():
            parameter.zero_()
    meta, arrays = survey(trainer.model, trainer.task, 0, 1, signal)
    assert arrays["survey_counts"].max() == arrays["survey_counts"].sum() == meta["count"]
    assert (np.diff(arrays["survey_edges"]) > 0).all()
    assert len(meta["highest"]) == len(meta["lowest"]) == 10
    constant = 0.5 if signal in "ifo" else 0.0
    assert all(value == constant for stretch in meta["highest"] for value in stretch["values"])


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_distribution_of_other_cells(cell, bidirectional):
    network = untrained(text_task(9_000), cell, bidirectional)
    for signal in SIGNALS[cell]:
        row = 3 if bidirectional else 1
        meta, arrays = survey(network.model, network.task, row, 2, signal)
        values = read_held_out(network.model, network.task, row, 5_000).signal(signal, 2)
        assert arrays["survey_counts"].sum() == meta["count"] == len(values)
        assert arrays["survey_edges"][[0, -1]].tolist() == ([0, 1] if signal in "rz" else [-1, 1])
        for name, extreme in (("highest", values.max()), ("lowest", values.min())):
            first = meta[name][0]
            assert first["values"][first["peak"]] == pytest.approx(extreme, abs=6e-5)


# stretches


def where(stretch, task):
    """The held-out step that a stretch begins at, from its label."""
    label = stretch["start"].split()[-1]
    if task.kind == "text":
        return int(label.replace(",", "")) - 1 - len(task.train_tokens)
    return [str(x) for x in task.x].index(label) - task.split


@given(size=st.integers(30, 9_000), seed=st.integers(0, 50), signal=st.sampled_from("cfh"))
def test_stretches_are_the_highest_and_lowest_that_do_not_overlap(size, seed, signal):
    task = series_task(size, seed) if seed % 2 else text_task(size, ("characters", "words")[seed // 2 % 2])
    trainer = trained(task, hidden=4, steps=0)
    meta, _ = survey(trainer.model, trainer.task, 0, seed % 4, signal)
    json.dumps(meta, allow_nan=False)
    reading = read_held_out(trainer.model, trainer.task, 0, 5_000)
    values = reading.signal(signal, seed % 4)
    size = min(len(values), 10 if getattr(trainer.task, "level", "") == "words" else 24)
    for name, sign in (("highest", 1), ("lowest", -1)):
        stretches = meta[name]
        assert 1 <= len(stretches) <= 10
        free = np.ones(len(values), dtype=bool)
        peaks = []
        for stretch in stretches:
            start = where(stretch, trainer.task)
            part = slice(start, start + size)
            assert free[part].all()
            assert len(stretch["labels"]) == len(stretch["values"]) == size
            np.testing.assert_allclose(stretch["values"], values[part], atol=6e-5)
            peaks.append(sign * values[start + stretch["peak"]])
            free[part] = False
        assert peaks == sorted(peaks, reverse=True)
        assert peaks[0] == (sign * values).max()
        # a higher one was left out only if its stretch would lie over one that is shown
        shown = [where(stretch, trainer.task) for stretch in stretches]
        for step in np.flatnonzero(sign * values > peaks[-1]):
            start = np.clip(step - 2 * size // 3, 0, len(values) - size)
            assert any(abs(start - other) < size for other in shown)


@pytest.mark.parametrize("level", ["characters", "words"])
def test_labels_are_the_tokens_that_stand_there(level):
    trainer = trained(text_task(9_000, level))
    task = trainer.task
    meta, _ = survey(trainer.model, task, 0, 0, "h")
    assert (meta["unit"], meta["signal"], meta["x_title"]) == (0, "h", level[:-1])
    for stretch in meta["highest"] + meta["lowest"]:
        start = where(stretch, task)
        tokens = task.valid_tokens[start : start + len(stretch["labels"])]
        assert stretch["labels"] == [task.display(token) for token in tokens]
        assert stretch["start"].startswith(level[:-1])
        assert "series" not in stretch
        if 20 < start < len(task.valid_tokens) - 30:
            assert stretch["peak"] > len(stretch["labels"]) / 2  # most of it leads to the peak


def test_a_series_shows_its_values_in_its_own_units():
    trainer = trained(SeriesConfig("sunspots"), steps=5)
    task = trainer.task
    meta, _ = survey(trainer.model, task, 0, 1, "c")
    assert meta["x_title"] == "year"
    for stretch in meta["highest"]:
        place = [str(x) for x in task.x].index(stretch["labels"][0])
        assert place >= task.split
        assert stretch["start"] == f"year {stretch['labels'][0]}"
        assert stretch["labels"] == [str(x) for x in task.x[place : place + 24]]
        assert stretch["series"] == task.values[place : place + 24].tolist()


def test_two_held_out_tokens_are_enough():
    trainer = trained(TextConfig("own", text="abababa"), hidden=4)
    for signal in "ifgoch":
        meta, arrays = survey(trainer.model, trainer.task, 0, 0, signal)
        assert meta["count"] == arrays["survey_counts"].sum() == 2
        assert [len(meta[name][0]["labels"]) for name in ("highest", "lowest")] == [2, 2]
