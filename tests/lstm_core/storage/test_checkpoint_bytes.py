"""Saved runs as bytes: what goes in comes out, and what is damaged is refused in one sentence."""

import json
import math
from dataclasses import fields, replace

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lstm_core.config import (
    Hands,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.serialization.tree_codec import DTYPES, flatten, from_json, to_json, unflatten
from lstm_core.storage.checkpoint import Saved, from_bytes, snapshot_from_bytes, to_bytes
from lstm_core.storage.config_codec import from_plain, to_plain
from tests.lstm_core.acting import CONFIG
from tests.lstm_core.pairs import OTHERS, config_for
from tests.lstm_core.saving import trained

numbers = st.floats(width=64) | st.integers(-(2**200), 2**200)
texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(["$", "$$", "tensor", "\ud83d"])
tables = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0))
)
tensors = tables.map(lambda table: torch.from_numpy(np.array(table)))
trees = st.recursive(
    st.none() | st.booleans() | numbers | texts | tables | tensors,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def alike(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, torch.Tensor | np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return one == other


@given(st.dictionaries(texts, trees, max_size=4))
def test_any_tree_comes_back_as_it_was(tree):
    saved = Saved(RunConfig(), tree, playing=False, steps=7, generation=2, origin=tree)
    again = from_bytes(to_bytes(saved))
    assert alike(again.state, tree)
    assert alike(again.origin, tree)
    assert (again.playing, again.steps, again.generation) == (False, 7, 2)
    plain, parts = flatten(tree)
    assert alike(unflatten(from_json(to_json(plain)), parts), tree)


@pytest.mark.parametrize(
    "value", [(1, 2), {1: 2}, object(), b"x", torch.zeros(2, dtype=torch.float16), np.array(["a"]), 1j]
)
def test_what_has_no_place_in_a_tree_is_refused(value):
    with pytest.raises(ValueError, match="tree"):
        flatten({"value": [value]})


def test_tensors_that_share_their_memory_or_have_gaps_come_back_whole():
    base = torch.arange(12.0).reshape(3, 4)
    tree = {"all": base, "again": base, "part": base[1], "turned": base.T, "every": base[::2, ::2]}
    again = from_bytes(to_bytes(Saved(CONFIG, tree))).state
    assert alike(again, {name: part.contiguous() for name, part in tree.items()})
    again["all"][0, 0] = 99.0  # nor do they share afterwards
    assert again["again"][0, 0] == 0.0


# configs

CONFIGS = [
    CONFIG,
    RunConfig(SeriesConfig("own", column="€", values=(1.0, 2.5, -0.0, 1e-300))),
    RunConfig(
        TextConfig("own", text="\ud83d \0 é"),
        view=View(probe="", prompt="a", unit=3, signal="f", at=9),
        hands=Hands(f=0.25, selected=(3, 1), off=(2,), scope="selected"),
        knobs=Knobs(reach=3, steps_per_second=2.5),
    ),
    RaceConfig(MemoryConfig("adding"), rnn=False, chrono=True),
    AblationConfig(SeriesConfig("stocks", stock="FB"), seeds=1),
    *(config_for(name) for name in OTHERS),
    replace(config_for("knobs.reach"), value=None),
]


@pytest.mark.parametrize("config", CONFIGS, ids=range(len(CONFIGS)))
def test_every_config_comes_back_as_it_was(config):
    assert from_plain(from_json(to_json(to_plain(config)))) == config
    assert from_bytes(to_bytes(Saved(config, {}))) == Saved(config, {})


@given(st.data())
def test_any_part_of_a_config_comes_back_as_it_was(data):
    kind = data.draw(st.sampled_from([ModelConfig, TrainConfig, Knobs, View, SeriesConfig, TextConfig]))
    values = {}
    for spec in fields(kind):
        low, high = spec.metadata.get("low"), spec.metadata.get("high")
        if low is not None:
            draw = st.integers(low, high) if isinstance(low, int) else st.floats(low, high)
            values[spec.name] = data.draw(st.none() | draw if spec.default is None else draw)
        elif "choices" in spec.metadata:
            values[spec.name] = data.draw(st.sampled_from(spec.metadata["choices"]))
        elif "flag" in spec.metadata:
            values[spec.name] = data.draw(st.booleans())
    config = kind(**values)
    again = from_plain(from_json(to_json(to_plain(config))))
    assert again == config
    assert [type(value) for value in vars(again).values()] == [type(value) for value in vars(config).values()]


def change(path, value):
    """The plain config with one value changed; a value of ... takes it away."""
    plain = json.loads(to_json(to_plain(CONFIG)))
    *parts, last = path.split(".")
    place = plain
    for part in parts:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("type", "Trainer", "no type of settings"),
        ("type", ["RunConfig"], "no type of settings"),
        ("task.type", "RunConfig", "missing|unknown"),
        ("task", {"type": "Knobs"}, "missing"),
        ("task", to_plain(Knobs()), "task of RunConfig is of the wrong type"),
        ("task", None, "wrong type"),
        ("model", [], "wrong type"),
        ("model.cell", "mamba", "one of lstm"),
        ("model.cell", ["lstm"], "wrong type"),
        ("model.hidden_size", 10**30, "from 4 to 256"),
        ("model.hidden_size", 64.0, "wrong type"),
        ("model.hidden_size", True, "wrong type"),
        ("model.hidden_size", ..., "'hidden_size' of ModelConfig is missing"),
        ("model.secret", 1, "'secret' of ModelConfig is unknown"),
        ("model.bidirectional", 1, "wrong type"),
        ("model.bidirectional", True, "reads from both sides"),
        ("knobs.learning_rate", "fast", "wrong type"),
        ("knobs.learning_rate", 1e9, "from 1e-05 to 1"),
        ("train.seed", -1, "from 0"),
        ("task.text", 5, "wrong type"),
        ("task.text", None, "wrong type"),
        ("view.probe", 7, "wrong type"),
        ("hands.off", [-1], "unit of off"),
        ("hands.off", ["a"], "wrong type"),
        ("hands.off", [[]], "wrong type"),
    ],
)
def test_settings_that_are_none_are_refused(path, value, words):
    with pytest.raises(ValueError, match=words) as error:
        from_plain(change(path, value))
    assert len(str(error.value)) <= 400


@pytest.mark.parametrize(
    ("differs", "value"),
    [
        ("task", 5),
        ("task", {"type": "Knobs"}),
        ("task", to_plain(ModelConfig())),
        ("task", to_plain(SeriesConfig())),
        ("task", to_plain(MemoryConfig())),
        ("task.period", 30.0),
        ("model.cell", to_plain(ModelConfig())),
        ("model.hidden_size", None),
        ("nothing", 1),
        ([], 1),
    ],
)
def test_pairs_that_cannot_be_are_refused(differs, value):
    plain = to_plain(PairConfig())
    with pytest.raises(ValueError, match=r"\S"):
        from_plain(plain | {"differs": differs, "value": value})


# damage


def test_bytes_cut_off_or_of_something_else_are_refused():
    data = to_bytes(trained(CONFIG, 3).save())
    for length in (*range(0, 40), *range(40, len(data), 997)):
        for read in (from_bytes, snapshot_from_bytes):
            with pytest.raises(ValueError, match=r"\S"):
                read(data[:length])
    with pytest.raises(ValueError, match="no 'snapshot'"):
        snapshot_from_bytes(data)
    with pytest.raises(ValueError, match="nothing of the run"):
        from_bytes(safetensors.torch.save({"a": torch.zeros(3)}))


@pytest.mark.parametrize("length", [0, 1, 2**20, 2**63, 2**64 - 1])
def test_a_header_that_says_it_is_longer_than_the_file_is_refused(length):
    with pytest.raises(ValueError, match="cut off"):
        from_bytes(length.to_bytes(8, "little") + b"{}" * 20)


def document(**changes):
    """Bytes of a saved run, some parts of whose JSON are others."""
    plain, parts = flatten({"state": {}, "playing": True, "steps": 0, "generation": 0, "origin": None})
    text = {"format": 1, "config": to_plain(CONFIG), "run": plain} | changes
    text = {name: value for name, value in text.items() if value is not ...}
    return safetensors.torch.save(parts, {"run": json.dumps(text)})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "format 2"),
        ({"format": True}, "format True"),
        ({"format": ...}, "no 'format'"),
        ({"more": 1}, "'more', which is unknown"),
        ({"config": to_plain(Knobs())}, "not all that a run needs"),
        ({"run": 5}, "must be a table"),
        ({"run": {"state": {}}}, "no 'playing'"),
        ({"run": {"$": ["tensor", "0"]}}, "stands for nothing"),
        ({"run": {"$": ["float", "1e5"]}}, "stands for nothing"),
        ({"run": {"$": ["float", "nan"], "more": 1}}, "has a name beside it"),
        ({"run": [[[[]]]] * 2}, "must be a table"),
    ],
)
def test_documents_that_are_not_those_of_a_run_are_refused(changes, words):
    assert from_bytes(document()).config == CONFIG
    with pytest.raises(ValueError, match=words):
        from_bytes(document(**changes))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested|not JSON"),
        ("[" * 200 + "]" * 200, "nested"),
        ('{"a":' * 300 + "1" + "}" * 300, "nested"),
        ("{", "not JSON"),
        ("NaN", "not JSON"),
        ("[Infinity]", "not JSON"),
        ('{"a": 1, "a": 2}', "twice"),
        ("1" * 5000, "digits"),
        (b"\xff", "not JSON"),
    ],
)
def test_json_that_is_not_strict_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        from_json(text)
