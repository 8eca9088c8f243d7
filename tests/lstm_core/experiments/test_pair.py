"""Two runs that differ in one setting: equal where nothing differs, in lockstep, honest on who is ahead."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lstm_core.config import (
    ModelConfig,
    SeriesConfig,
    TextConfig,
    View,
)
from lstm_core.experiments.pair.config import PairConfig, shared_signals
from lstm_core.experiments.pair.differences import DIFFERENCES
from lstm_core.experiments.pair.pair import Pair
from lstm_core.frames.frame import Frame
from lstm_core.runtime.messages import SETTINGS
from lstm_core.runtime.run import Run
from lstm_core.training.trainer import Trainer
from tests.lstm_core.acting import with_setting
from tests.lstm_core.pairs import KNOBS, SERIES, TEXT, TRAIN, config_for, frame_of, small

# --- equal where nothing differs ---


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_cells_begin_with_the_same_embedding_and_head(cell):
    left, right = (side.model.double() for side in Pair(small("model.cell", cell)).sides)
    assert torch.equal(left.embedding.weight, right.embedding.weight)
    assert torch.equal(left.head.weight, right.head.weight)
    assert torch.equal(left.head.bias, right.head.bias)


@pytest.mark.parametrize(
    "differs", ["model.forget_bias", "model.chrono", "model.num_layers", "train.sequence_length"]
)
def test_weights_begin_equal_wherever_name_and_shape_are(differs):
    left, right = (dict(side.model.named_parameters()) for side in Pair(config_for(differs)).sides)
    for name in left.keys() & right.keys():
        if "bias" not in name:
            assert torch.equal(left[name], right[name]), name


@pytest.mark.parametrize("task", [TEXT, SERIES])
def test_with_another_learning_rate_the_first_frames_are_equal_and_the_later_ones_are_not(task):
    pair = Pair(small("knobs.learning_rate", 0.1, task=task))
    frame, _ = frame_of(pair)
    assert frame.meta["shown"] == "c"
    np.testing.assert_array_equal(frame.heatmaps["c"], frame.heatmaps["right_c"])
    assert not frame.heatmaps["delta_c"].any()
    if task is TEXT:
        assert frame.meta["sample"] == frame.meta["right_sample"]
    else:
        np.testing.assert_array_equal(frame.arrays["forecast"], frame.arrays["right_forecast"])
    for _ in range(5):
        pair.step()
    frame, _ = frame_of(pair)
    assert frame.heatmaps["delta_c"].any()
    np.testing.assert_array_equal(frame.heatmaps["delta_c"], frame.heatmaps["right_c"] - frame.heatmaps["c"])


def test_with_nothing_different_the_sides_stay_equal_bit_for_bit():
    pair = Pair(small("knobs.learning_rate", KNOBS.learning_rate))
    for _ in range(40):
        pair.step()
    left, right = (side.model.state_dict() for side in pair.sides)
    for name in left:
        assert torch.equal(left[name], right[name]), name
    frame, _ = frame_of(pair)
    np.testing.assert_array_equal(frame.arrays["loss"], frame.arrays["right_loss"])
    np.testing.assert_array_equal(frame.arrays["valid"], frame.arrays["right_valid"])
    assert not frame.heatmaps["delta_c"].any()


def test_both_see_the_same_batches_in_the_same_order(monkeypatch):
    seen = []
    pair = Pair(small("model.hidden_size", 12))
    for side in pair.sides:
        batch = side.task.batch
        monkeypatch.setattr(
            side.task, "batch", lambda *args, batch=batch: seen.append(batch(*args)) or seen[-1]
        )
    for _ in range(3):
        pair.step()
    for left, right in zip(seen[::2], seen[1::2], strict=True):
        assert torch.equal(left.inputs, right.inputs)
        assert torch.equal(left.targets, right.targets)


@pytest.mark.parametrize("differs", ["model.cell", "knobs.learning_rate", "train.seed"])
def test_each_side_learns_as_it_would_alone(differs):
    config = config_for(differs)
    pair = Pair(config)
    alone = [Trainer(side) for side in config.sides]
    for _ in range(12):
        pair.step()
        for trainer in alone:
            trainer.step()
    for side, trainer in zip(pair.sides, alone, strict=True):
        assert side.loss == trainer.loss
        assert side.valid_losses.points == trainer.valid_losses.points


# --- the frame ---


@pytest.mark.parametrize("differs", DIFFERENCES)
def test_every_difference_builds_steps_and_shows_itself(differs):
    config = config_for(differs)
    pair = Pair(config)
    for _ in range(3):
        pair.step()
    frame, seen = frame_of(pair)
    meta = seen.meta
    assert [side.step_count for side in pair.sides] == [3, 3]
    assert meta["step"] == meta["right_step"] == pair.step_count == 3
    assert meta["experiment"] == "pair"
    assert meta["question"] == DIFFERENCES[differs].question
    assert (meta["left_name"], meta["right_name"]) == config.names
    assert math.isfinite(meta["loss"])
    assert math.isfinite(meta["right_loss"])
    assert meta["parameters"] == [sum(one.numel() for one in side.parameters) for side in pair.sides]
    assert all(time > 0 for time in meta["milliseconds"])
    assert meta["delta_note"].endswith(".")
    assert meta["delta"] == (f"delta_{meta['shown']}" in seen.heatmaps)
    assert {meta["shown"], f"right_{meta['shown']}"} <= seen.heatmaps.keys()
    assert {"loss", "right_loss", "valid", "right_valid"} <= seen.arrays.keys()
    outputs = {"text": ({"sample"}, {"filled"}), "series": ({"closed_rmse"},)}[meta["kind"]]
    assert any(names <= meta.keys() for names in outputs)
    assert any({f"right_{name}" for name in names} <= meta.keys() for names in outputs)
    assert len(frame.encode()) < 60_000


@pytest.mark.parametrize("task", [TextConfig("tales"), SeriesConfig("stocks"), SeriesConfig("chirp")])
def test_the_largest_frame_is_small_enough_for_the_wire(task):
    probe = "The old fox and the hen " * 10
    view = View(probe=probe, units="all")
    parts = {
        "task": task,
        "model": ModelConfig(hidden_size=256),
        "view": view,
        "train": TRAIN,
        "knobs": KNOBS,
    }
    for differs in ("train.seed", "model.forget_bias"):
        pair = Pair(PairConfig(**parts, differs=differs, value=1 if differs == "train.seed" else -1.0))
        for side in pair.sides:  # full histories
            for step in range(1, 600):
                side.losses.append(step, 1.0)
                side.valid_losses.append(step, 1.0)
        pair.step()
        frame, _ = frame_of(pair)
        assert len(frame.encode()) < 60_000


def test_the_same_units_are_shown_on_both_sides():
    model = ModelConfig(hidden_size=64, embedding_size=4)
    pair = Pair(small("model.forget_bias", -2.0, model=model))
    for _ in range(4):
        pair.step()
    frame, _ = frame_of(pair)
    units = frame.meta["units"]
    assert len(units) == 32
    assert frame.meta["right_units"] == units
    pair.observers[0].view = replace(pair.observers[0].view, units="all")
    right = pair.observers[1].observe({})
    np.testing.assert_array_equal(frame.heatmaps["right_c"], right.heatmaps["c"][units])


@pytest.mark.parametrize(
    ("differs", "delta", "said"),
    [
        ("model.hidden_size", False, "8 units beside 12: unit 3 here has nothing to do with unit 3 there."),
        ("model.cell", False, "They began with different weights"),
        ("train.seed", False, "They began with different weights"),
        ("model.init", False, "They began with different weights"),
        ("model.forget_bias", True, "Both began with the same weights"),
        ("model.num_layers", True, "Both began with the same weights"),
        ("knobs.noise", True, "Both began with the same weights"),
        ("model.bidirectional", True, "Both began with the same weights"),
        ("task.level", False, "The sides do not read the same"),
        ("task.goal", False, "The sides do not read the same"),
    ],
)
def test_a_difference_is_shown_only_where_there_is_one_and_it_is_said_what_it_means(differs, delta, said):
    frame, _ = frame_of(Pair(config_for(differs)))
    assert frame.meta["delta"] is delta
    assert frame.meta["delta_note"].startswith(said)


def test_without_a_difference_no_heatmap_of_one_is_sent():
    frame, _ = frame_of(Pair(config_for("model.cell")))
    assert not [name for name in frame.heatmaps if name.startswith("delta_")]


def test_units_that_read_other_things_are_not_compared_whatever_their_own_weights():
    model = ModelConfig(hidden_size=8, num_layers=2)
    pair = Pair(replace(config_for("knobs.noise"), model=model, view=View(layer=1)))
    assert frame_of(pair)[0].meta["delta"] is True
    pair.akin.discard("core.weight_hh_l0")
    frame, _ = frame_of(pair)
    assert frame.meta["delta"] is False
    other = Pair(replace(config_for("model.embedding_size"), view=View(layer=0)))
    assert frame_of(other)[0].meta["delta"] is False


def test_until_something_is_said_it_is_said_when_it_will_be():
    pair = Pair(config_for("model.cell"))
    frame, _ = frame_of(pair)
    first = int(frame.meta["awaits"].split()[-1].rstrip("."))
    assert frame.meta["observation"] == ""
    for _ in range(first - 1):
        pair.step()
    assert pair.observe({}).meta["observation"] == ""
    pair.step()
    assert pair.observe({}).meta["observation"] != ""


def test_units_of_other_layers_are_not_compared():
    config = replace(config_for("model.num_layers"), view=View(layer=1))
    frame, _ = frame_of(Pair(config))
    assert (frame.meta["layer"], frame.meta["right_layer"]) == (0, 1)
    assert frame.meta["delta"] is False
    assert "layer" in frame.meta["delta_note"]


def test_what_is_shown_is_what_both_cells_have():
    assert shared_signals("lstm", "lstm") == ["c", "i", "f", "g", "o", "h"]
    assert shared_signals("lstm", "gru") == ["h"]
    assert shared_signals("gru", "rnn") == ["h"]
    assert shared_signals("gru", "gru") == ["h", "r", "z", "n"]
    for signal, shown in (("f", "f"), ("h", "h"), ("z", "c"), (None, "c")):
        pair = Pair(small("model.forget_bias", -2.0, view=View(signal=signal)))
        frame, _ = frame_of(pair)
        assert frame.meta["shown"] == shown
        assert set(frame.heatmaps) == {shown, f"right_{shown}", f"delta_{shown}"}
        assert frame.meta["limit"] == (
            1.0 if shown != "c" else max(frame.meta["c_limit"], frame.meta["right_c_limit"])
        )


def test_both_read_and_continue_the_same_although_they_learn_other_texts():
    config = small("task", TextConfig("rhymes"), task=TextConfig("tales"))
    frame, _ = frame_of(Pair(config))
    assert frame.meta["prompt"] == frame.meta["right_prompt"]
    assert frame.meta["labels"] == frame.meta["right_labels"]


def test_live_settings_reach_both_sides():
    pair = Pair(small("knobs.learning_rate", 0.1))
    config = pair.config

    def change(kind, name, value):
        nonlocal config
        config = with_setting(config, kind, name, value)
        return list(pair.change(config, kind, name))

    assert change("knob", "learning_rate", 0.02) == []
    assert change("knob", "batch_size", 2) == []
    assert [side.knobs.learning_rate for side in pair.sides] == [0.02, 0.1]
    assert [side.knobs.batch_size for side in pair.sides] == [2, 2]
    assert change("view", "temperature", 0.05) == ["outputs"]
    assert change("view", "prompt", "aaX") == ["outputs"]
    assert change("view", "unit", 5) == []
    assert change("view", "time", 2) == []
    pair.step()
    frame, _ = frame_of(pair)
    assert (frame.meta["prompt"], frame.meta["right_prompt"]) == ("aaX", "aaX")
    assert (frame.meta["learning_rate"], frame.meta["right_learning_rate"]) == (0.02, 0.1)
    assert frame.meta["selected"]["unit"] == 5


def test_every_live_setting_of_a_pair_can_be_posted():
    config = small()
    assert {kind for kind, part in SETTINGS.items() if hasattr(config, part)} == {"knob", "view"}


def test_a_run_of_a_pair_trains_is_played_with_and_starts_over():
    run = Run(small("knobs.learning_rate", 0.1))

    def work():
        run.wanted = True
        run.work(0.05)
        return Frame.decode(run.latest)

    assert work().meta["step"] >= 1
    for message in (
        {"type": "pause"},
        {"type": "knob", "name": "learning_rate", "value": 0.02},
        {"type": "view", "name": "prompt", "value": "aaX"},
    ):
        run.post(message)
    meta = work().meta
    assert meta["status"] == "paused"
    assert (meta["left_name"], meta["right_name"]) == ("rate 0.02", "rate 0.1")
    assert meta["right_prompt"] == "aaX"
    for message in (
        {"type": "hands", "name": "f", "value": 0},
        {"type": "check"},
        {"type": "find", "kind": "text"},
    ):
        with pytest.raises(ValueError, match=r"\w"):
            run.post(message)
    run.post({"type": "step"})
    before = meta["step"]
    assert work().meta["step"] == before + 1
    run.post({"type": "configure", "config": small("model.cell", "rnn")})
    meta = work().meta
    assert (meta["step"], meta["right_name"]) == (0, "RNN")
    assert meta["learning_rate"] == 0.02  # live settings stay as they are


# --- a side that diverges ---


def diverge(side):
    with torch.no_grad():
        side.model.head.bias.fill_(math.nan)


def test_a_side_that_diverges_stops_and_the_other_goes_on():
    pair = Pair(small())
    for _ in range(5):
        pair.step()
    diverge(pair.sides[1])
    for _ in range(5):
        pair.step()
    assert [side.step_count for side in pair.sides] == [10, 0]  # back at the last good weights
    assert pair.step_count == 10
    assert pair.diverged is None
    frame, _ = frame_of(pair)
    assert frame.meta["stopped"] == [None, 6]
    assert frame.meta["observation"] == (
        "“GRU” diverged at step 6: its loss was no longer finite. “LSTM” goes on."
    )
    for parameter in pair.sides[1].parameters:
        assert parameter.isfinite().all()


def test_when_both_diverge_it_is_said_when():
    pair = Pair(small())
    pair.step()
    diverge(pair.sides[0])
    pair.step()
    diverge(pair.sides[1])
    pair.step()
    assert pair.diverged == (
        "Training diverged: “LSTM” at step 2 and “GRU” at step 3. Lower the learning rate or the clip, then "
        "press Reset."
    )
    pair.step()  # as after Play
    assert pair.diverged
