"""Hands on the gates: what is held equals the plain equations with that gate replaced, in float64."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core import trace
from lstm_core.config import Hands, Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.nn.cell import run_cells
from lstm_core.nn.interventions import holds_of
from lstm_core.nn.model import SequenceModel
from lstm_core.nn.sampling import forecast, next_tokens, read, sample_text
from lstm_core.nn.trace import held_trace
from lstm_core.training.trainer import Trainer


def net(layers=1, hidden=5, cell="lstm", bidirectional=False):
    return ModelConfig(cell, hidden, layers, 3, bidirectional=bidirectional)


VALUES = {"i": st.floats(0, 1), "f": st.floats(0, 1), "g": st.floats(-1, 1), "o": st.floats(0, 1)}
VALUES |= {"r": st.floats(0, 1), "z": st.floats(0, 1), "n": st.floats(-1, 1)}
UNITS = st.lists(st.integers(0, 12), max_size=6)  # of a network of 5, so that some do not exist
GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": ""}
CORES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def hands():
    gates = {name: st.none() | values for name, values in VALUES.items()}
    return st.builds(
        Hands,
        **gates,
        scope=st.sampled_from(["all", "selected"]),
        selected=UNITS,
        off=UNITS,
        training=st.just(False),
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(pre_x, pre_h, h, c, held):
    pre = pre_x + pre_h
    gates = {"i": sigmoid(pre[0]), "f": sigmoid(pre[1]), "g": np.tanh(pre[2]), "o": sigmoid(pre[3])}
    gates = {name: held(name, gate) for name, gate in gates.items()}
    c = held("c", gates["f"] * c + gates["i"] * gates["g"])
    return {**gates, "c": c, "h": gates["o"] * np.tanh(c)}


def gru_by_hand(pre_x, pre_h, h, c, held):
    r, z = held("r", sigmoid(pre_x[0] + pre_h[0])), held("z", sigmoid(pre_x[1] + pre_h[1]))
    n = held("n", np.tanh(pre_x[2] + r * pre_h[2]))
    return {"r": r, "z": z, "n": n, "h": held("h", (1 - z) * n + z * h)}


def rnn_by_hand(pre_x, pre_h, h, c, held):
    return {"h": held("h", np.tanh(pre_x[0] + pre_h[0]))}


STEPS = {"lstm": lstm_by_hand, "gru": gru_by_hand, "rnn": rnn_by_hand}


def by_hand(core, inputs, hands, layer):
    """Every gate and state of every row, with loops over rows, steps, gates and units, in NumPy float64.

    Of a unit that is off the states are 0, whatever its gates say.
    """
    hidden, directions = core.hidden_size, 2 if core.bidirectional else 1
    kind = type(core).__name__.lower()
    found = []
    sequence = list(inputs[:, 0].numpy())
    for row, weights in enumerate(core.all_weights):
        w_ih, w_hh, b_ih, b_hh = (part.detach().numpy() for part in weights)

        def held(name, gate, row=row):
            for unit in range(hidden if row == layer else 0):
                value = getattr(hands, name, None)
                if value is not None and (hands.scope == "all" or unit in hands.selected):
                    gate[unit] = value
                if name in ("c", "h") and unit in hands.off:
                    gate[unit] = 0
            return gate

        h, c, steps = np.zeros(hidden), np.zeros(hidden), []
        for x in sequence[::-1] if row % directions else sequence:
            parts = (w_ih @ x + b_ih).reshape(-1, hidden), (w_hh @ h + b_hh).reshape(-1, hidden)
            steps.append(STEPS[kind](*parts, h, c, held))
            h, c = steps[-1]["h"], steps[-1].get("c", c)
        found.append(steps[::-1] if row % directions else steps)
        if row % directions == directions - 1:
            rows = found[-directions:]
            sequence = [np.concatenate([step["h"] for step in steps]) for steps in zip(*rows, strict=True)]
    return found


def network(layers=2, hidden=5, inputs=3, cell="lstm", bidirectional=False):
    torch.manual_seed(0)
    return CORES[cell](inputs, hidden, layers, bidirectional=bidirectional).double()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CORES)
@given(hands(), st.integers(0, 5))
def test_held_gates_equal_the_equations_with_that_gate_replaced(cell, bidirectional, hands, layer):
    core = network(cell=cell, bidirectional=bidirectional)
    inputs = torch.randn(7, 1, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    last = 3 if bidirectional else 1
    hands = replace(hands, layer=layer)
    layer = min(layer, last)
    holds = holds_of(hands, net(2, 5, cell, bidirectional), torch.float64)
    expected = by_hand(core, inputs, hands, layer)
    signals = trace(core, inputs) if holds is None else held_trace(core, inputs, holds)
    # gates by which a unit that is off is kept silent are held at 0
    silenced = {"lstm": "if", "gru": "zn", "rnn": ""}[cell]
    for row in range(last + 1):
        for name in expected[0][0]:
            shown = getattr(signals, name)[row, :, 0].detach().numpy()
            wanted = np.array([step[name] for step in expected[row]])
            if name in silenced and hands.off and row == layer:
                wanted[:, [unit for unit in hands.off if unit < 5]] = 0
            np.testing.assert_allclose(shown, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CORES)
@given(st.lists(st.integers(0, 4), min_size=1))
def test_a_unit_that_is_off_says_nothing_and_remembers_nothing(cell, off):
    core, inputs = network(cell=cell), torch.randn(9, 2, 3, dtype=torch.float64)
    hands = Hands(f=1.0, i=1.0, z=0.5, n=-1.0, off=off)
    signals = held_trace(core, inputs, holds_of(hands, net(2, 5, cell), torch.float64))
    for state in {signals.h, getattr(signals, "c", signals.h)}:
        assert state[0, :, :, off].abs().max() == 0


@pytest.mark.parametrize("cell", CORES)
def test_gates_that_a_cell_does_not_have_are_not_held(cell):
    others = {gate: 0.5 for kind, gates in GATES.items() if kind != cell for gate in gates}
    assert holds_of(Hands(**others), net(2, 5, cell)) is None


def test_no_hold_is_none_and_the_plain_cell_then_equals_the_fused_network():
    assert holds_of(Hands(), net(2, 5)) is None
    assert holds_of(Hands(f=0.5, scope="selected"), net(2, 5)) is None
    assert holds_of(Hands(off=(7,)), net(2, 5)) is None  # it has no such unit
    lstm, inputs = network(), torch.randn(11, 3, 3, dtype=torch.float64)
    steps = run_cells(lstm, inputs, holds=[None, None])
    plain = torch.stack([step.h for step in steps[-1]])
    np.testing.assert_allclose(plain.detach(), lstm(inputs)[0].detach(), rtol=0, atol=1e-12)


def test_only_the_layer_asked_for_is_held():
    holds = holds_of(Hands(o=0.0, layer=1), net(3, 4))
    assert [hold is None for hold in holds] == [True, False, True]


# what the network makes under the hands


def model(kind="text", layers=1, **settings):
    config = ModelConfig(hidden_size=6, num_layers=layers, embedding_size=3, **settings)
    return SequenceModel(config, 5 if kind == "text" else None)


def test_a_held_model_predicts_what_its_plain_cell_says():
    network, tokens = model(layers=2).double(), torch.tensor([[0], [3], [1], [4]])
    holds = holds_of(Hands(f=0.25, off=(2,)), net(2, 6), torch.float64)
    predictions, (h, c) = network(tokens, holds=holds)
    signals = held_trace(network.core, network.embed(tokens), holds)
    torch.testing.assert_close(predictions, network.head(signals.output), rtol=0, atol=1e-12)
    torch.testing.assert_close(h, signals.h[:, -1], rtol=0, atol=1e-12)
    torch.testing.assert_close(c, signals.c[:, -1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CORES)
def test_sampling_and_forecasting_step_by_step_equals_reading_at_once(cell):
    network, hands = model(cell=cell), Hands(i=0.3, z=0.2, selected=(1, 4), scope="selected", off=(2,))
    holds = holds_of(hands, network.config)
    sampled = sample_text(network, [1, 2], 20, temperature=1.0, seed=3, holds=holds)
    logits, _ = read(network, torch.tensor([1, 2, *sampled[:-1]]), holds)
    draws = np.random.default_rng(3).random(20)
    for step, (token, draw) in enumerate(zip(sampled, draws, strict=True)):
        chances = torch.softmax(logits[step + 1].double(), -1).cumsum(0).numpy()
        assert chances[token] >= draw - 1e-5
        assert token == 0 or chances[token - 1] <= draw + 1e-5
    best, chances = next_tokens(network, [1, 2], k=5, holds=holds)
    torch.testing.assert_close(torch.softmax(logits[1], -1)[best], torch.from_numpy(chances))

    network = model("series", cell=cell)
    known = torch.linspace(-1, 1, 9)[:, None]
    fit, ahead = forecast(network, known, 6, holds)
    again, _ = read(network, torch.cat([known, torch.from_numpy(ahead[:-1])[:, None]]), holds)
    np.testing.assert_allclose(np.concatenate([fit, ahead[1:]]), again[:, 0].numpy(), atol=1e-6)


CONFIGS = {
    "text": RunConfig(
        TextConfig("own", text="the cat sat on the mat. " * 20),
        ModelConfig(hidden_size=6, embedding_size=3),
        TrainConfig(sequence_length=6),
        Knobs(batch_size=2),
    ),
    "series": RunConfig(
        SeriesConfig(), ModelConfig(hidden_size=6), TrainConfig(sequence_length=8), Knobs(batch_size=2)
    ),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_training_can_go_on_under_the_hands(kind):
    trainer = Trainer(CONFIGS[kind])
    trainer.holds = holds_of(Hands(f=0.0), net(1, 6))
    first = np.mean([trainer.step() for _ in range(10)])
    before = trainer.model.core.weight_ih_l0.detach().clone()
    last = np.mean([trainer.step() for _ in range(150)][-10:])
    moved = (trainer.model.core.weight_ih_l0 - before).abs().view(4, 6, -1).amax(dim=(1, 2))
    assert last < first
    assert moved[1] == 0  # nothing depends on what the forget gate would say
    assert moved[[0, 2, 3]].min() > 0


def test_with_no_hold_training_is_the_same_bit_for_bit():
    one, other = Trainer(CONFIGS["text"]), Trainer(CONFIGS["text"])
    other.holds = holds_of(Hands(selected=(1,)), net(1, 6))
    assert [one.step() for _ in range(5)] == [other.step() for _ in range(5)]


def test_the_held_loss_is_that_of_the_held_network():
    trainer = Trainer(CONFIGS["series"])
    for _ in range(20):
        trainer.step()
    silent = trainer.validate(holds=holds_of(Hands(o=0.0), net(1, 6)))
    batch = trainer.task.validation(8)
    wanted = ((trainer.model.head.bias - batch.targets[batch.skip :]) ** 2).mean().item()
    assert math.isclose(silent, wanted, rel_tol=1e-5)
