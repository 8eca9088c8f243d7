"""The tables to take home, held against an independent trace in float64, and against spreadsheets."""

import csv
import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import (
    SIGNALS,
    Knobs,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.experiments.ablation.ablation import Ablation
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.network import Network
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.pair.pair import Pair
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.experiments.race.race import Race
from lstm_core.export.tables import loss_table, safe, trace_table

SHORT = TrainConfig(sequence_length=16)
SMALL = ModelConfig(hidden_size=6)


def trained(config, steps=12):
    network = Network(config)
    for _ in range(steps):
        network.step()
    return network


def read(table):
    return list(csv.DictReader(io.StringIO(table)))


def step_by_step(network, row):
    """Every signal of one row by torch's own single-step cells in float64: name → (T, H)."""
    core, cell = network.trainer.model.core, network.config.model.cell
    x = network.trainer.model.embed(network.observer.scene.probe.inputs).detach().double()[:, 0]
    directions = 2 if core.bidirectional else 1
    for layer in range(core.num_layers):
        outputs = []
        for direction in range(directions):
            weights = [
                weight.detach().double() for weight in core.all_weights[layer * directions + direction]
            ]
            backwards = direction == 1
            found = _one_way(cell, weights, x.flip(0) if backwards else x)
            found = {name: values.flip(0) if backwards else values for name, values in found.items()}
            if layer * directions + direction == row:
                return {name: values.numpy() for name, values in found.items()}
            outputs.append(found["h"])
        x = torch.cat(outputs, dim=-1)
    raise AssertionError(row)


def _one_way(cell, weights, x):
    w_ih, w_hh, b_ih, b_hh = weights
    hidden = w_hh.shape[1]
    h, c, steps = torch.zeros(hidden).double(), torch.zeros(hidden).double(), []
    for value in x:
        from_x, from_h = w_ih @ value + b_ih, w_hh @ h + b_hh
        if cell == "lstm":
            i, f, g, o = (from_x + from_h).chunk(4)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            c = f * c + i * g
            h = o * c.tanh()
            steps.append((i, f, g, o, c, h))
        elif cell == "gru":
            r, z, n = from_x.chunk(3)
            r_h, z_h, n_h = from_h.chunk(3)
            r, z = (r + r_h).sigmoid(), (z + z_h).sigmoid()
            n = (n + r * n_h).tanh()
            h = (1 - z) * n + z * h
            steps.append((r, z, n, h))
        else:
            h = (from_x + from_h).tanh()
            steps.append((h,))
    signals = zip(*steps, strict=True)
    return {name: torch.stack(values) for name, values in zip(SIGNALS[cell], signals, strict=True)}


CASES = {
    "lstm": (RunConfig(TextConfig("rhymes"), SMALL, SHORT), 0),
    "gru, second layer": (
        RunConfig(
            TextConfig("rhymes", "words"),
            ModelConfig("gru", 5, num_layers=2),
            SHORT,
            view=View(layer=1, probe="the cat"),
        ),
        1,
    ),
    "rnn of a series": (RunConfig(SeriesConfig("sunspots"), ModelConfig("rnn", 7), SHORT), 0),
    "from the end": (
        RunConfig(
            TextConfig("brackets", goal="gaps"),
            ModelConfig(hidden_size=4, num_layers=2, bidirectional=True),
            SHORT,
            view=View(layer=3),
        ),
        3,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_number_of_the_trace_is_what_the_equations_say(name):
    config, row = CASES[name]
    network = trained(config)
    table, expected = read(trace_table(network)), step_by_step(network, row)
    names, (steps, hidden) = SIGNALS[config.model.cell], next(iter(expected.values())).shape
    assert list(table[0])[-len(names) - 1 :] == ["unit", *names]
    assert [(int(line["t"]), int(line["unit"])) for line in table] == list(np.ndindex(steps, hidden))
    for signal in names:
        column = np.array([float(line[signal]) for line in table]).reshape(steps, hidden)
        np.testing.assert_allclose(column, expected[signal], atol=2e-6)


def test_the_numbers_are_exact_float32_and_the_inputs_those_that_the_network_reads():
    network = trained(RunConfig(SeriesConfig("sine", amplitude=2.5), SMALL, SHORT))
    table = read(trace_table(network))
    probe = network.observer.scene.probe
    firsts = table[:: SMALL.hidden_size]
    assert [np.float32(line["input"]) for line in firsts] == probe.inputs.flatten().tolist()
    assert [np.float32(line["value"]) for line in firsts] == probe.arrays["probe"].tolist()
    assert [line["x"] for line in firsts] == probe.labels
    frame = network.observe({})  # which encodes rounded digits, but holds exact ones
    shown = np.stack([[float(line["h"]) for line in table]]).reshape(len(firsts), -1).astype(np.float32)
    assert (frame.heatmaps["h"] == shown.T).all()


def test_the_trace_is_of_the_moment_that_is_shown():
    config = RunConfig(TextConfig("rhymes"), SMALL, SHORT)
    network = trained(config, 40)
    now = trace_table(network)
    network.observer.view = View(at=0)
    assert trace_table(network) == trace_table(Network(config))
    assert len(read(loss_table(network))) == 0
    network.observer.view = View()
    assert trace_table(network) == now


def test_tokens_cannot_become_formulas():
    text = '=1+1 @sum -2 \'+3 \t x,y "q" \n' * 30
    config = RunConfig(TextConfig("own", text=text), SMALL, SHORT, view=View(probe="=+-@'\t,\" \nx"))
    table = read(trace_table(Network(config)))
    tokens = [line["token"] for line in table[:: SMALL.hidden_size]]
    assert tokens == ["'=", "'+", "'-", "'@", "''", "⇥", ",", '"', "␣", "↵", "x"]
    task = Network(config).trainer.task
    numbers = [int(line["input"]) for line in table[:: SMALL.hidden_size]]
    assert task.decode(numbers) == "=+-@'\t,\" \nx"


@given(st.text())
def test_a_safe_cell_can_be_read_back_and_never_begins_like_a_formula(text):
    cell = safe(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert cell.removeprefix("'") == text


def test_the_losses_are_all_there_and_exact():
    network = trained(RunConfig(TextConfig("rhymes"), SMALL, SHORT), 30)
    table = read(loss_table(network))
    trainer = network.trainer
    assert [(int(line["step"]), float(line["train"])) for line in table] == trainer.losses.points
    valid = [(int(line["step"]), float(line["valid"])) for line in table if line["valid"]]
    assert valid == trainer.valid_losses.points
    assert [step for step, _ in valid] == [1, 10, 30]


def test_experiments_have_their_losses_too():
    knobs = Knobs(lag=5, batch_size=4)
    race = Race(RaceConfig(gru=False, lstm0=False, hidden_size=4, knobs=knobs))
    pair = Pair(PairConfig(TextConfig("rhymes"), SMALL, SHORT))
    ablation = Ablation(AblationConfig(TextConfig("rhymes"), hidden_size=4, seeds=1, train=SHORT))
    for subject in (race, pair, ablation):
        for _ in range(3):
            subject.step()
    ablation.refresh("validation")
    table = read(loss_table(race))
    assert list(table[0]) == ["step", "RNN train", "RNN accuracy", "LSTM train", "LSTM accuracy"]
    assert [line["step"] for line in table] == ["0", "1", "2", "3"]
    assert table[0]["RNN train"] == ""
    table = read(loss_table(pair))
    assert [float(line["right train"]) for line in table] == [loss for _, loss in pair.sides[1].losses.points]
    table = read(loss_table(ablation))
    assert len(table[0]) == 10
    assert all(float(line["no forget gate"]) > 0 for line in table)
