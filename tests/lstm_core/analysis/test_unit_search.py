"""Find: the AUC is scikit-learn's, the ranking follows it, and every question has an answer or a sentence."""

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lstm_core import trace
from lstm_core.analysis.activations import read_held_out
from lstm_core.analysis.question import Question
from lstm_core.analysis.unit_search import LIMIT, auc, find_units
from lstm_core.config import ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.nn.model import SequenceModel
from lstm_core.training.trainer import Trainer

SHORT = TrainConfig(sequence_length=4)
STORY = 'The cat sat on the mat (again).\nThe dog, who saw it, said: "No! 12 cats." 3 dogs left.\n'
KEYS = {"kind", "question", "error", "note", "where", "count", "marked", "marks", "units", "untrained_best"}


class Asked:
    """A trained network, its initial weights and a probe, ready to be asked."""

    def __init__(self, task, probe=None, hidden=8, layers=1, layer=0, steps=10):
        self.trainer = Trainer(RunConfig(task, ModelConfig(hidden_size=hidden, num_layers=layers), SHORT))
        self.untrained = copy.deepcopy(self.trainer.model)
        for _ in range(steps):
            self.trainer.step()
        self.task, self.layer = self.trainer.task, layer
        if self.task.kind == "series":
            scaled = self.task.scaled[self.task.split - 20 : self.task.split + 20, None, None]
            self.probe = torch.from_numpy(scaled)
        else:
            self.probe = torch.tensor(self.task.encode(probe or self.task.default_probe))[:, None]

    def __call__(self, kind, *values, **named):
        question = Question(kind, *values, **named)
        found = find_units(question, self.trainer.model, self.untrained, self.task, self.layer, self.probe)
        assert found.keys() == KEYS
        json.dumps(found, allow_nan=False)
        assert found["kind"] == kind
        assert found["question"]
        if found["error"]:
            assert found["error"].endswith(".")
            assert found["units"] == []
        return found


def text_task(repeat=60, level="characters"):
    return TextConfig("own", level, text=STORY * repeat)


@pytest.fixture(scope="module")
def reader():
    return Asked(text_task(), probe='Tom (12) said "No" to it.\nHe left', layers=2, layer=1)


@pytest.fixture(scope="module")
def watcher():
    return Asked(SeriesConfig("sine", noise=0.1))


# AUC


def reference(values, marked):
    """How often a marked value is above one that is not, of all pairs; equal ones count half (Hanley & McNeil
    1982).
    """
    others = values[~marked]
    above = [np.sign(value - others).mean(0, dtype=np.float64) for value in values[marked]]
    return ((1 + np.mean(above, 0)) / 2).tolist()


@given(data=st.data(), count=st.integers(2, 60), units=st.integers(1, 4), dtype=st.sampled_from("fd"))
def test_auc_is_the_share_of_pairs_in_order(data, count, units, dtype):
    # few different values, so that many are equal: those of saturated gates, zeros of both signs, tiny ones
    few = st.sampled_from([-1.0, 1.0, 0.0, -0.0, 0.5, np.float32(np.tanh(9.0)).item(), 1e-30, -1e-30])
    values = data.draw(arrays.arrays(np.dtype(dtype), (count, units), elements=few))
    marked = data.draw(arrays.arrays(bool, count).filter(lambda marks: 0 < marks.sum() < len(marks)))
    np.testing.assert_allclose(auc(values, marked), reference(values, marked), rtol=0, atol=1e-12)


@given(
    values=arrays.arrays(np.float32, (40, 3), elements=st.floats(-1e6, 1e6, width=32)),
    marks=st.integers(1, 39),
)
def test_auc_of_any_values(values, marks):
    marked = np.arange(40) < marks
    result = auc(values, marked)
    np.testing.assert_allclose(result, reference(values.astype(np.float64), marked), rtol=0, atol=1e-12)
    np.testing.assert_allclose(auc(values, ~marked), 1 - result, rtol=0, atol=1e-12)
    np.testing.assert_allclose(auc(-values, marked), 1 - result, rtol=0, atol=1e-12)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.95])
def test_auc_of_many_values(share):
    rng = np.random.default_rng(0)
    marked = rng.random(20_000) < share
    values = rng.normal(size=(20_000, 4)).astype(np.float32) + marked[:, None] * np.float32([0, 0.3, 2, -1])
    values[:, 3] = np.round(values[:, 3], 1)
    np.testing.assert_allclose(auc(values, marked), reference(values, marked), rtol=0, atol=1e-12)


def test_auc_knows_its_ends():
    marked = np.array([False, False, True, True])
    values = np.array([[0, 1, 5], [0, 1, 5], [1, 0, 5], [2, -1, 5]], np.float32)
    assert auc(values, marked).tolist() == [1.0, 0.0, 0.5]
    for nothing in (np.zeros(4, bool), np.ones(4, bool)):
        with pytest.raises(ValueError, match="marked and unmarked"):
            auc(values, nothing)


# ranking


def check_ranking(found, after, before, marked):
    """`found` against scikit-learn on c and h of both networks, each {name: (N, U)}."""
    after, before = ({name: reference(one[name], marked) for name in "ch"} for one in (after, before))

    def score(unit):
        return max(max(after[name][unit], 1 - after[name][unit]) for name in "ch")

    units = found["units"]
    assert len(units) == min(12, len(after["c"]))
    assert len({row["unit"] for row in units}) == len(units)
    scores = [score(row["unit"]) for row in units]
    shown = [row["auc"] for row in units]
    assert shown == sorted(shown, reverse=True)
    best = sorted(map(score, range(len(after["c"]))), reverse=True)
    np.testing.assert_allclose(scores, best[: len(units)], atol=1e-9)
    for row, expected in zip(units, scores, strict=True):
        trained, untrained = after[row["signal"]][row["unit"]], before[row["signal"]][row["unit"]]
        assert row["auc"] == pytest.approx(expected, abs=1e-9)
        assert row["higher"] == (trained >= 0.5)
        assert row["auc"] == pytest.approx(trained if row["higher"] else 1 - trained, abs=1e-9)
        assert row["untrained"] == pytest.approx(untrained if row["higher"] else 1 - untrained, abs=1e-9)
    everything = before["c"] + before["h"]
    assert found["untrained_best"] == pytest.approx(max(max(one, 1 - one) for one in everything), abs=1e-9)
    assert found["marked"] == marked.sum()
    assert found["count"] == len(marked)


def held_out(asked):
    readings = (
        read_held_out(model, asked.task, asked.layer) for model in (asked.trainer.model, asked.untrained)
    )
    return [{"c": reading.states["c"], "h": reading.states["h"]} for reading in readings]


@pytest.mark.parametrize("hidden", [4, 20])
def test_units_are_ranked_by_their_auc_on_held_out_text(hidden):
    asked = Asked(text_task(), hidden=hidden)
    found = asked("uppercase")
    letters = [asked.task.vocabulary[token] for token in asked.task.valid_tokens]
    marked = np.array([letter.isupper() for letter in letters])
    assert found["where"] == "held-out text"
    check_ranking(found, *held_out(asked), marked)


@pytest.mark.parametrize("level", ["characters", "words"])
@pytest.mark.parametrize("kind", ["quotes", "brackets", "newline", "uppercase", "regex"])
def test_every_pattern_has_an_answer(kind, level):
    asked = Asked(text_task(100, level), probe='Tom (12) said "No" to it.\nHe left')
    found = asked(kind, "cat" if kind == "regex" else "")
    assert not found["error"]
    assert len(found["units"]) == 8
    assert 0 < found["marked"] < found["count"] == len(asked.task.valid_tokens)
    assert len(found["marks"]) == len(asked.probe)


def test_marks_show_the_pattern_on_the_probe(reader):
    text = reader.task.decode(reader.probe.flatten().tolist())

    def shown(kind, pattern=""):
        marks = reader(kind, pattern)["marks"]
        return "".join(sign if mark else "·" for sign, mark in zip(text, marks, strict=True))

    assert shown("quotes").strip("·") == '"No'
    assert shown("brackets").strip("·") == "(12"
    assert shown("newline").strip("·") == text.split("\n")[1][0]
    assert shown("regex", r"\d").strip("·") == "12"


def test_a_unit_that_follows_the_pattern_is_found():
    """Unit 3 is set by hand to tell uppercase letters: it reads them off its embedding."""
    asked = Asked(text_task())
    model, hidden = asked.trainer.model, 8
    letters = torch.tensor([letter.isupper() for letter in asked.task.vocabulary])
    with torch.no_grad():
        model.embedding.weight[:, 0] = torch.where(letters, 1.0, -1.0)
        for weight in (model.core.weight_ih_l0, model.core.weight_hh_l0):
            weight[3::hidden] = 0
        model.core.bias_ih_l0[3::hidden] = 0
        model.core.weight_ih_l0[2 * hidden + 3, 0] = -5.0  # the candidate is low where it is uppercase …
        model.core.bias_ih_l0[hidden + 3] = -20.0  # … and nothing is kept
    best = asked("uppercase")["units"][0]
    assert (best["unit"], best["auc"], best["higher"]) == (3, 1.0, False)
    assert best["untrained"] < 1


def test_a_stretch_is_looked_for_on_the_probe(reader):
    found = reader("stretch", stretch=[9, 3])
    assert found["where"] == "the probe"
    assert found["question"] == "Between t = 3 and 9"
    marked = np.array(found["marks"])
    assert np.flatnonzero(marked).tolist() == [3, 4, 5, 6, 7, 8, 9]
    signals = []
    for model in (reader.trainer.model, reader.untrained):
        with torch.no_grad():
            traced = trace(model.core, model.embed(reader.probe))
        signals.append({name: getattr(traced, name)[reader.layer, :, 0].numpy() for name in "ch"})
    rows = {(row["unit"], row["signal"]): row["auc"] for row in found["units"]}
    for (unit, signal), value in rows.items():
        (expected,) = reference(signals[0][signal][:, [unit]].round(5), marked)
        assert value == pytest.approx(max(expected, 1 - expected), abs=0.02)


@pytest.mark.parametrize(
    ("stretch", "steps"), [((0, 2), [0, 1, 2]), ((-5, 0), [0]), ((30, 10**30), None), ((10**9, 10**9), None)]
)
def test_a_stretch_is_clipped_to_the_probe(reader, stretch, steps):
    last = len(reader.probe) - 1
    marks = reader("stretch", stretch=stretch)["marks"]
    assert np.flatnonzero(marks).tolist() == (steps or list(range(min(stretch[0], last), last + 1)))


def test_a_stretch_of_a_series(watcher):
    found = watcher("stretch", stretch=(5, 25))
    assert not found["error"]
    assert found["count"] == 40
    assert found["marked"] == 21


# series


def test_rising_and_above_are_in_the_series_own_units(watcher):
    task = watcher.task
    after, before = held_out(watcher)
    values = task.values[task.split :]
    check_ranking(watcher("above", value=0.25), after, before, values > 0.25)
    check_ranking(watcher("rising"), after, before, values > task.values[task.split - 1 : -1])
    assert watcher("above", value=0.25)["where"] == "held-out values"
    probe = task.values[task.split - 20 : task.split + 20]
    assert watcher("above", value=0.25)["marks"] == (probe > 0.25).tolist()
    # of the first value nobody has read the one before
    assert watcher("rising")["marks"] == [False, *(probe[1:] > probe[:-1]).tolist()]


def test_a_value_of_the_series_itself_is_not_above_itself():
    asked = Asked(SeriesConfig("square", amplitude=0.1))
    task = asked.task
    top = task.values.max()
    assert "None of the" in asked("above", value=float(top))["error"]
    found = asked("above", value=float(task.values.min()))
    assert found["marked"] == (task.values[task.split :] == top).sum()
    probe = task.values[task.split - 20 : task.split + 20]
    assert found["marks"] == (probe == top).tolist()


@pytest.mark.parametrize("value", [1e308, -1e308, 10**300])
def test_a_threshold_beyond_the_series_is_answered(watcher, value):
    error = watcher("above", value=value)["error"]
    assert error.startswith("None of the 400" if value > 0 else "All 400")


# what cannot be answered, and what is worth little


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", ["pattern is empty", "type one"]),
        ("zebra", ["None of the", "characters", "matched by “zebra”", "ask for something"]),
        ("(?s).", ["All", "characters are matched by", "only some of them"]),
        ("(a", ["not a regular expression", "missing )"]),
        ("x{0}", ["None of the"]),
    ],
)
def test_a_pattern_that_has_no_answer_gives_a_sentence(reader, pattern, words):
    found = reader("regex", pattern)
    for word in words:
        assert word in found["error"]


def test_a_catastrophic_pattern_gives_a_sentence():
    asked = Asked(TextConfig("own", text="a" * 60_000 + "b"), steps=0)
    found = asked("regex", "(a|aa)+$")
    assert "takes longer than 0.5 seconds" in found["error"]
    assert found["marks"] is None


@pytest.mark.parametrize("kind", ["quotes", "brackets", "newline", "uppercase", "regex"])
def test_a_series_has_no_letters(watcher, kind):
    assert "A series has no letters" in watcher(kind, "a")["error"]


@pytest.mark.parametrize("kind", ["rising", "above"])
def test_a_text_does_not_rise(reader, kind):
    assert "A text neither rises" in reader(kind)["error"]


def test_nothing_to_tell_apart():
    asked = Asked(TextConfig("own", text="all small letters and no more " * 20))
    assert "None of the 60 held-out characters is inside quotes" in asked("quotes")["error"]
    assert "the whole probe" in asked("stretch", stretch=(0, 500))["error"]
    tiny = Asked(TextConfig("own", text="aBaBaBa"))
    assert "Only 2 characters are held out" in tiny("uppercase")["error"]
    assert "mark a part" in Asked(text_task(), probe="a")("stretch")["error"]


def test_few_marks_are_worth_little(reader):
    assert reader("stretch", stretch=(4, 7))["note"].startswith("Only 4 characters are marked: chance alone")
    assert reader("stretch", stretch=(0, 0))["note"].startswith("Only 1 of the characters is marked")
    most = (0, len(reader.probe) - 3)
    assert reader("stretch", stretch=most)["note"].startswith("Only 2 characters are not marked")
    assert reader("uppercase")["note"] == ""


def test_asking_leaves_the_training_alone():
    asked, alone = Asked(text_task()), Asked(text_task())
    asked("uppercase")
    asked("stretch", stretch=(1, 3))
    assert [asked.trainer.step() for _ in range(3)] == [alone.trainer.step() for _ in range(3)]


def test_at_most_so_many_tokens_are_looked_at():
    asked = Asked(text_task(2_700), hidden=4, steps=0)
    assert len(asked.task.valid_tokens) > LIMIT
    assert asked("uppercase")["count"] == LIMIT


# questions from a socket


def test_a_pattern_is_normalised_as_the_texts_are():
    asked = Asked(TextConfig("own", text="ein Café und e\u0301in Haus\n" * 30))
    assert not asked("regex", "e\u0301")["error"]


def test_a_model_of_the_same_seed_is_the_untrained_one():
    asked = Asked(text_task())
    config = asked.trainer.config
    fresh = SequenceModel(config.model, asked.task.vocab_size, config.train.seed)
    again = find_units(Question("newline"), asked.trainer.model, fresh, asked.task, 0, asked.probe)
    assert again == asked("newline")
