"""Observer: what a frame shows is what the network computed, and choices stay put while one watches."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lstm_core import trace
from lstm_core.analysis.question import Question
from lstm_core.config import (
    CELLS,
    SIGNALS,
    Hands,
    Knobs,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.frames.frame import Frame
from lstm_core.frames.observer import Observer
from lstm_core.frames.sample_log import is_growth_step
from lstm_core.nn.sampling import forecast, next_tokens, sample_text
from lstm_core.training.trainer import Trainer

TEXT = TextConfig("own", text="the cat sat on the mat.\n" * 30)
SHORT = TrainConfig(sequence_length=8)
FEW = Knobs(batch_size=2)
BOTH_WAYS = {"bidirectional": True}  # for which a text has to have gaps


def watching(task=TEXT, hidden=8, layers=1, steps=0, network=None, **view):
    model = ModelConfig(hidden_size=hidden, num_layers=layers, **(network or {}))
    if model.bidirectional:
        task = replace(task, goal="gaps")
    trainer = Trainer(RunConfig(task, model, SHORT, FEW))
    for _ in range(steps):
        trainer.step()
    return Observer(trainer, View(**view))


def look(observer):
    """The frame after its journey, with outputs made anew."""
    observer.refresh_outputs()
    return Frame.decode(observer.observe({}).encode())


def traced(observer, layer, text):
    trainer = observer.trainer
    tokens = torch.tensor(trainer.task.encode(text))[:, None]
    tokens[trainer.task.gaps_of(tokens)] = trainer.task.blank
    with torch.no_grad():
        return trace(trainer.model.core, trainer.model.embed(tokens))


def read_by_hand(observer, prompt):
    """Softmax over the token after `prompt`, float64."""
    with torch.no_grad():
        tokens = torch.tensor(observer.trainer.task.encode(prompt))[:, None]
        return torch.softmax(observer.trainer.model(tokens)[0][-1, 0].double(), -1).numpy()


# gates and states


def test_all_that_is_shown_is_compared_when_it_is_due():
    observer = watching(steps=3, probe="the cat")
    for _ in range(4):
        truth = look(observer).meta["truth"]
        assert 0 < truth["difference"] <= truth["allowed"]
        assert (truth["step"], truth["every"]) == (3, 1.0)
        observer.trainer.step()
    observer.refresh_truth()
    assert look(observer).meta["truth"]["step"] == 7


@pytest.mark.parametrize("change", [{"probe": "a mat"}, {"at": 0}])
def test_what_was_never_compared_is_compared_at_once(monkeypatch, change):
    observer = watching(steps=3)
    look(observer)
    monkeypatch.setattr("lstm_core.frames.comparison.truth", lambda *_: {"difference": 0.25, "allowed": 1e-5})
    observer.view = replace(observer.view, **change)
    truth = look(observer).meta["truth"]
    assert (truth["difference"], truth["step"]) == (0.25, observer.step)


@pytest.mark.parametrize("off", [0.5, math.nan])
def test_states_that_are_off_have_all_compared(monkeypatch, off):
    observer = watching(steps=3)
    look(observer)
    monkeypatch.setattr("lstm_core.frames.comparison.truth_between", lambda *_: off)
    monkeypatch.setattr("lstm_core.frames.comparison.truth", lambda *_: {"difference": 0.25, "allowed": 1e-5})
    assert look(observer).meta["truth"]["difference"] == 0.25


@pytest.mark.parametrize("layer", [0, 1])
def test_a_frame_shows_what_the_trace_computes(layer):
    observer = watching(layers=2, steps=5, layer=layer, probe="the cat")
    frame = look(observer)
    exact = traced(observer, layer, "the cat")
    for name in "ifgoch":
        expected = getattr(exact, name)[layer, :, 0].T.numpy()
        assert frame.heatmaps[name].shape == (8, 7)
        np.testing.assert_allclose(frame.heatmaps[name], expected, rtol=5.01e-3)
    assert frame.meta["labels"] == ["t", "h", "e", "␣", "c", "a", "t"]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("task", [TEXT, SeriesConfig()], ids=["text", "series"])
def test_a_frame_of_every_cell(task, cell, bidirectional):
    if bidirectional and task is not TEXT:
        return
    network = {"cell": cell, "bidirectional": bidirectional}
    observer = watching(task, layers=2, steps=2, network=network, unit=3, time=2)
    observer.wants = frozenset(["unit", "survey", "held"])
    rows, inputs = (4 if bidirectional else 2), observer.scene.probe.inputs
    with torch.no_grad():
        exact = trace(observer.model.core, observer.model.embed(inputs))
    for row in range(rows + 1):  # the last one is one too many
        observer.view = replace(observer.view, layer=row)
        row = min(row, rows - 1)
        observer.refresh_survey()
        frame = look(observer)
        meta, signals = frame.meta, SIGNALS[cell]
        assert (meta["cell"], meta["directions"]) == (cell, 2 if bidirectional else 1)
        assert (meta["signals"], meta["memory"]) == (list(signals), "c" if cell == "lstm" else "h")
        assert (meta["layer"], meta["num_layers"]) == (row, 2)
        assert set(frame.heatmaps) == {*signals, *(f"held_{name}" for name in signals)}
        assert {name for name in frame.arrays if name.startswith("unit_")} == {
            f"unit_{name}" for name in signals
        }
        for name in signals:
            expected = getattr(exact, name)[row, :, 0].numpy()
            np.testing.assert_allclose(frame.heatmaps[name], expected.T, rtol=5.01e-3)
            np.testing.assert_array_equal(frame.arrays[f"unit_{name}"], expected[:, 3])
        numbers = meta["numbers"]
        assert (numbers["unit"], numbers["time"], numbers["layer"]) == (3, 2, row)
        assert numbers["h"] == pytest.approx(exact.h[row, 2, 0, 3].item(), abs=1e-6)
        backwards = bidirectional and row % 2
        assert numbers["before"] == meta["labels"][3 if backwards else 1]
        assert numbers["h_before"] == exact.h[row, 3 if backwards else 1, 0, 3].item()
        assert meta["truth"]["difference"] <= meta["truth"]["allowed"]
        assert (meta["survey"]["unit"], meta["survey"]["signal"]) == (3, meta["memory"])
        assert ("goal" in meta) == (task is TEXT)
        assert len(frame.encode()) < 60_000


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_the_colours_of_a_bounded_memory_end_at_one(cell):
    meta = look(watching(network={"cell": cell}, steps=3)).meta
    assert meta["c_limit"] == meta["selected"]["limit"] == 1.0


@pytest.mark.parametrize(
    ("cell", "asked", "shown"),
    [
        *[("lstm", name, name) for name in "ifgoch"],
        *[("gru", name, name) for name in "rznh"],
        *[("lstm", name, "c") for name in (None, "r", "z", "n")],
        *[("gru", name, "h") for name in (None, "c", "f")],
        *[("rnn", name, "h") for name in (None, "c", "z", "h")],
    ],
)
def test_a_signal_that_a_cell_does_not_have_becomes_its_memory(cell, asked, shown):
    observer = watching(network={"cell": cell}, signal=asked)
    observer.wants = frozenset(["survey"])
    observer.refresh_survey()
    meta = look(observer).meta
    assert meta["selected"]["signal"] == meta["survey"]["signal"] == shown


@pytest.mark.parametrize("cell", CELLS)
def test_units_are_found_in_the_states_of_every_cell(cell):
    observer = watching(network={"cell": cell}, steps=5)
    observer.find(Question("regex", text="cat"))
    assert not observer.found["error"]
    assert {unit["signal"] for unit in observer.found["units"]} <= set("ch" if cell == "lstm" else "h")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("network", [{}, BOTH_WAYS], ids=["one way", "both ways"])
def test_every_cell_is_looked_back_at(cell, network):
    observer = watching(network={"cell": cell, **network}, steps=12)
    now = look(observer)
    observer.view = replace(observer.view, at=3)
    then = look(observer)
    assert (then.meta["step"], then.meta["live_step"]) == (3, 12)
    assert not np.array_equal(then.heatmaps["h"], now.heatmaps["h"])
    assert [frame.meta["step"] for frame in Observer(observer.trainer, View()).film()] == list(range(13))
    observer.view = replace(observer.view, at=None)
    assert np.array_equal(look(observer).heatmaps["h"], now.heatmaps["h"])


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_every_cell_is_held(cell):
    observer = watching(network={"cell": cell}, steps=8)
    observer.hands = Hands(z=0.5, off=(2,))
    observer.wants = frozenset(["held"])
    frame = look(observer)
    assert not frame.heatmaps["held_h"][2].any()
    if cell == "gru":
        assert (frame.heatmaps["held_z"][[0, 1, 3]] == 0.5).all()
    held = frame.meta["held"]
    assert held["held_loss"] != held["free_loss"]
    assert frame.meta["valid_loss"] == held["free_loss"]  # of one network there is one loss
    assert held["step"] == frame.meta["step"]
    assert held["free_sample"] == frame.meta["sample"] != held["sample"]


def test_scalars_and_losses_are_those_of_the_trainer():
    observer = watching(steps=12)
    frame = Frame.decode(observer.observe({"status": "training"}).encode())
    trainer, meta = observer.trainer, frame.meta
    assert meta["status"] == "training"
    assert (meta["kind"], meta["step"], meta["hidden_size"], meta["num_layers"]) == ("text", 12, 8, 1)
    assert (meta["loss"], meta["valid_loss"]) == (trainer.loss, trainer.valid_loss)
    assert meta["learning_rate"] == trainer.learning_rate
    assert meta["tokens_per_step"] == 2 * 8
    assert frame.arrays["loss_step"].tolist() == list(range(1, 13))
    assert frame.arrays["loss"].tolist() == [np.float32(value) for _, value in trainer.losses.points]
    assert frame.arrays["valid_step"].tolist() == [1, 10]


def test_before_the_first_step_a_loss_is_null():
    frame = look(watching())
    assert frame.meta["loss"] is None
    assert frame.meta["valid_loss"] is None
    assert frame.arrays["loss"].shape == (0,)


def test_a_layer_that_the_network_lacks_becomes_its_last():
    observer = watching(layers=2, layer=2, probe="the cat")
    frame = look(observer)
    assert frame.meta["layer"] == 1
    expected = traced(observer, 1, "the cat").c[1, :, 0].T.numpy()
    np.testing.assert_allclose(frame.heatmaps["c"], expected, rtol=5.01e-3)


# units


def activity(observer):
    c = traced(observer, 0, observer.trainer.task.default_probe).c[0, :, 0].numpy()
    return c.std(axis=0)


def silence(observer, units):
    """These units never write anything into their cell."""
    hidden = observer.trainer.config.model.hidden_size
    with torch.no_grad():
        for weight in observer.trainer.model.core.parameters():
            for unit in units:
                weight[2 * hidden + unit] = 0


def test_all_units_or_the_32_most_active_ones():
    observer = watching(hidden=48)
    shown = look(observer).meta["units"]
    assert shown == sorted(np.argsort(-activity(observer))[:32].tolist())
    observer.view = View(units="all")
    frame = look(observer)
    assert frame.meta["units"] == list(range(48))
    assert frame.heatmaps["c"].shape[0] == 48


@pytest.mark.parametrize("hidden", [4, 32])
def test_few_units_are_all_shown(hidden):
    assert look(watching(hidden=hidden)).meta["units"] == list(range(hidden))


def test_rows_and_their_labels_belong_together():
    for hidden in (4, 9, 48, 100):
        for units in ("active", "all"):
            meta = look(watching(hidden=hidden, units=units)).meta
            assert meta["unit_labels"] == [meta["units"][row] for row in meta["unit_rows"]]
            assert 4 <= len(meta["unit_rows"]) <= 16


def test_shown_rows_are_those_of_their_units():
    observer = watching(hidden=48, steps=3)
    frame = look(observer)
    expected = traced(observer, 0, observer.trainer.task.default_probe).o[0, :, 0].T.numpy()
    np.testing.assert_allclose(frame.heatmaps["o"], expected[frame.meta["units"]], rtol=5.01e-3)


def test_the_choice_of_units_is_sticky():
    observer = watching(hidden=48, steps=1)
    shown = look(observer).meta["units"]
    assert look(observer).meta["units"] == shown

    silent = shown[3:6]
    silence(observer, silent)
    changes = []
    for _ in range(5):
        observer.trainer.step_count += 1  # only what has learnt gets other rows
        now = look(observer).meta["units"]
        assert now == sorted(now)
        assert len(now) == 32
        changes.append(len(set(now) - set(shown)))
        shown = now
    # one silent unit after another makes room, and then all stay
    assert changes == [1, 1, 1, 0, 0]
    assert not set(silent) & set(shown)


def test_a_chosen_unit_that_is_hardly_active_changes_no_other_row_with_the_frames():
    observer = watching(hidden=48, steps=12)
    units = set(look(observer).meta["units"])
    chosen = next(unit for unit in range(48) if unit not in units)
    rows = {tuple(frame.meta["units"]) for frame in Observer(observer.trainer, View(unit=chosen)).film()}
    assert len(rows) == 1
    assert chosen in rows.pop()
    silence(observer, [chosen])
    observer.view = replace(observer.view, unit=chosen)
    first = look(observer).meta["units"]
    assert chosen in first
    for _ in range(3):
        observer.trainer.step_count += 1
        assert look(observer).meta["units"] == first


def test_while_training_only_a_unit_twice_as_active_gets_in():
    observer = watching(hidden=48, steps=1)
    observer.trainer.knobs = replace(FEW, learning_rate=0.05)
    shown = look(observer).meta["units"]
    for _ in range(8):
        observer.trainer.step()
        active = activity(observer)
        now = look(observer).meta["units"]
        came, went = set(now) - set(shown), set(shown) - set(now)
        assert len(came) == len(went) <= 1
        if came:
            assert active[came.pop()] > 2 * active[went.pop()]
        shown = now


# the colour scale of c


def reach(observer, value):
    """Make every cell rise in equal steps, so that 90 % of its states lie below `value`."""
    hidden = observer.trainer.config.model.hidden_size
    times = len(observer.trainer.task.encode(observer.view.probe))
    step = value / (1 + 0.9 * (times - 1))
    with torch.no_grad():
        for weight in observer.trainer.model.core.parameters():
            weight.zero_()
        bias = observer.trainer.model.core.bias_ih_l0
        bias[: 2 * hidden] = 30  # both gates are wide open
        bias[2 * hidden : 3 * hidden] = math.atanh(step)
    return look(observer).meta["c_limit"]


def test_the_colour_scale_is_round_and_sticky():
    observer = watching(probe="the cat sat on the mat")
    wanted = [(0.2, 0.5), (0.49, 0.5), (0.9, 1.0), (0.55, 1.0), (0.45, 0.5), (1.2, 1.5), (0.8, 1.5)]
    for value, limit in [*wanted, (0.7, 1.0), (14.0, 15.0), (8.0, 15.0), (7.2, 10.0)]:
        assert reach(observer, value) == limit
    fresh = watching(probe="the cat sat on the mat")
    assert reach(fresh, 0.8) == 1.0


# probe, prompt, outputs


@pytest.mark.parametrize("probe", [None, "", "QQQ", "中文", "\ud83d"])
def test_a_probe_without_known_symbols_falls_back(probe):
    observer = watching(probe=probe)
    assert "".join(look(observer).meta["labels"]) == observer.trainer.task.default_probe.replace(
        " ", "␣"
    ).replace("\n", "↵")


@pytest.mark.parametrize(
    ("typed", "labels", "note"),
    [
        ("cat:", ["c", "a", "t▢"], "its text has no “:”: not read, shown as ▢"),
        (":the", ["▢t", "h", "e"], "its text has no “:”: not read, shown as ▢"),
        ("cQaQ:t", ["c", "▢a", "▢t"], "its text has no “Q”, “:”: not read, shown as ▢"),
        ("1c2a3t4", ["▢c", "▢a", "▢t▢"], "its text has no “1”, “2”, “3” and 1 more: not read, shown as ▢"),
    ],
)
def test_unknown_symbols_of_a_probe_are_shown_as_unknown_and_named(typed, labels, note):
    meta = look(watching(probe=typed)).meta
    assert meta["labels"] == labels
    assert meta["probe_note"] == note


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("the cat:", "the cat▢"), (":the", "▢the"), ("c::at", "c▢at"), ("x" * 9 + "the " * 70, "the " * 50)],
)
def test_unknown_symbols_of_a_prompt_are_shown_as_unknown_and_named(typed, shown):
    observer = watching(prompt=typed)
    meta = look(observer).meta
    assert meta["prompt"] == shown
    assert "its text has no “" in meta["prompt_note"]
    read = observer.trainer.task.encode(typed)[-200:]
    assert meta["sample"] == look(watching(prompt=observer.trainer.task.decode(read))).meta["sample"]


def test_what_a_vocabulary_leaves_out_is_read_as_unknown_and_named():
    words = " ".join(f"w{k}" for k in range(2_500))
    observer = watching(TextConfig("own", "words", text=words), probe="w2499, w1", prompt="w2499, w1")
    meta = look(observer).meta
    assert meta["labels"] == ["▢", "▢", "w1"]
    assert meta["prompt"] == "▢▢ w1" or meta["prompt"] == "▢ ▢ w1"
    assert meta["probe_note"] == meta["prompt_note"] == "its text has no “w2499”, “,”: read as ▢"


def test_a_long_probe_is_cut():
    frame = look(watching(probe="the cat " * 100))
    assert len(frame.meta["labels"]) == 128
    assert frame.heatmaps["c"].shape == (8, 128)


def test_a_long_prompt_keeps_its_end():
    typed = "the cat sat on the mat." * 20
    assert look(watching(prompt=typed)).meta["prompt"] == typed[-200:]


@pytest.mark.parametrize(
    ("prompt", "word"), [(None, None), ("the ", None), ("", "empty"), ("QQQ", "never uses")]
)
def test_the_prompt_says_when_it_is_not_what_was_typed(prompt, word):
    meta = look(watching(prompt=prompt)).meta
    if word is None:
        assert meta["prompt_note"] == ""
        assert meta["prompt"] == (prompt or meta["default_prompt"])
    else:
        assert word in meta["prompt_note"]
        assert meta["prompt"] == "\n"


def test_the_prompt_of_a_text_without_line_breaks_still_begins_somewhere():
    observer = watching(TextConfig("own", text="the cat sat on the mat. " * 30), prompt="")
    meta = look(observer).meta
    assert len(meta["prompt"]) == 1
    assert len(meta["sample"]) == 240


def test_next_tokens_are_those_after_the_prompt():
    observer = watching(steps=10, prompt="the c")
    meta = look(observer).meta
    exact = read_by_hand(observer, "the c")
    tokens, _ = next_tokens(observer.trainer.model, observer.trainer.task.encode("the c"))
    assert meta["next"] == [observer.trainer.task.display(token) for token in tokens]
    np.testing.assert_allclose(meta["next_p"], np.sort(exact)[::-1][:8], rtol=1e-4)


def test_next_tokens_wait_until_they_are_due():
    observer = watching(steps=3, prompt="the c")
    first = look(observer).meta["next_p"]
    observer.trainer.step()
    assert observer.observe({}).meta["next_p"] == first
    observer.refresh("next")
    np.testing.assert_allclose(
        observer.observe({}).meta["next_p"], np.sort(read_by_hand(observer, "the c"))[::-1][:8], rtol=1e-4
    )
    observer.trainer.step()
    observer.view = replace(observer.view, prompt="the m")
    np.testing.assert_allclose(
        observer.observe({}).meta["next_p"], np.sort(read_by_hand(observer, "the m"))[::-1][:8], rtol=1e-4
    )


def test_the_sample_follows_view_and_prompt():
    observer = watching(steps=10, prompt="the c", temperature=0.5, top_k=3, seed=4)
    task = observer.trainer.task
    expected = sample_text(observer.trainer.model, task.encode("the c"), 240, 0.5, 3, 4)
    meta = look(observer).meta
    assert (meta["prompt"], meta["sample"]) == ("the c", task.decode(expected))
    observer.view = replace(observer.view, seed=5)
    assert look(observer).meta["sample"] != meta["sample"]


def test_words_are_joined_to_their_prompt():
    text = 'The cat said "yes", and the dog (a big one) said no.\n' * 30
    observer = watching(TextConfig("own", "words", text=text), steps=30, prompt='The cat said "')
    meta = look(observer).meta
    task = observer.trainer.task
    whole = meta["prompt"] + meta["sample"]
    prompt = task.encode('The cat said "')
    assert whole == task.decode(task.encode(whole))
    assert task.encode(whole)[: len(prompt)] == prompt
    assert len(task.encode(whole)) == len(prompt) + 60
    assert meta["level"] == "words"


# growth


def test_growth_steps():
    steps = [step for step in range(100_001) if is_growth_step(step)]
    assert steps == [0, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]


def test_growth_keeps_what_was_written_then():
    observer = watching(prompt="the ")
    observer.record_growth()
    for _ in range(10):
        observer.trainer.step()
    observer.record_growth()
    growth = look(observer).meta["growth"]
    assert [step for step, _ in growth] == [0, 10]
    assert all(text.startswith("the ") and "\n" not in text and len(text) == 64 for _, text in growth)
    assert growth[0][1] != growth[1][1]


def test_growth_shows_the_end_of_a_long_prompt_and_all_of_the_sample():
    observer = watching(prompt="the cat sat on the mat. " * 8)
    observer.record_growth()
    ((_, text),) = look(observer).meta["growth"]
    assert text.startswith("…n the mat. ")
    assert len(text) == 12 + 60


# series


@pytest.mark.parametrize(
    "task",
    [
        SeriesConfig(),
        SeriesConfig("sunspots"),
        SeriesConfig("stocks"),
        SeriesConfig("mackey-glass"),
        SeriesConfig("sine", period=200.0, amplitude=5.0),
        SeriesConfig("own", values=tuple(float(n % 7) for n in range(25))),
    ],
    ids=lambda task: task.kind,
)
def test_a_forecast_fits_together(task):
    observer = watching(task, steps=10)
    frame, series = look(observer), observer.trainer.task
    meta, arrays = frame.meta, frame.arrays
    known, ahead = len(arrays["fit"]), len(arrays["forecast"])
    first = series.split - known
    assert known == min(128, series.split)
    horizon = round(3 * series.period) if series.period else 96
    assert ahead == min(horizon, 300, len(series.values) - series.split)
    assert len(arrays["data"]) == known + ahead == len(meta["x"])
    assert len(meta["forecast_x"]) == ahead
    assert meta["x"] == list(series.x[first : series.split + ahead])
    assert meta["forecast_x"] == meta["x"][known:]
    np.testing.assert_allclose(arrays["data"], series.values[first:][: known + ahead], rtol=1e-6)

    fit, closed = forecast(
        observer.trainer.model, torch.from_numpy(series.scaled[first : series.split, None]), ahead
    )
    assert math.isnan(arrays["fit"][0])
    np.testing.assert_allclose(arrays["fit"][1:], fit[:-1] * series.std + series.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(arrays["forecast"], closed * series.std + series.mean, rtol=1e-5, atol=1e-6)


def test_errors_of_a_series_are_in_its_own_units():
    observer = watching(SeriesConfig(amplitude=50.0), steps=10)
    frame, series = look(observer), observer.trainer.task
    truth = series.values[series.split :][: len(frame.arrays["forecast"])]
    closed = math.sqrt(np.mean((frame.arrays["forecast"].astype(np.float64) - truth) ** 2))
    assert frame.meta["closed_rmse"] == pytest.approx(closed, rel=1e-4)
    assert frame.meta["one_step_rmse"] == pytest.approx(math.sqrt(observer.trainer.valid_loss) * series.std)
    assert frame.meta["naive_rmse"] == series.naive_rmse
    smaller = look(watching(SeriesConfig(amplitude=5.0), steps=10)).meta
    assert frame.meta["closed_rmse"] == pytest.approx(10 * smaller["closed_rmse"], rel=1e-2)


def test_an_untrained_series_has_no_error_yet():
    meta = look(watching(SeriesConfig())).meta
    assert meta["one_step_rmse"] is None
    assert math.isfinite(meta["closed_rmse"])


@pytest.mark.parametrize(("share", "place"), [(0.0, slice(0, 48)), (1.0, slice(-48, None))])
def test_the_stretch_of_a_series_begins_where_it_was_asked_to(share, place):
    observer = watching(SeriesConfig(), probe_start=share)
    frame, series = look(observer), observer.trainer.task
    np.testing.assert_allclose(frame.arrays["probe"], series.values[place], rtol=1e-6)
    assert frame.meta["labels"] == [str(x) for x in series.x[place]]
    with torch.no_grad():
        exact = trace(observer.trainer.model.core, torch.from_numpy(series.scaled[place][:, None, None]))
    np.testing.assert_allclose(frame.heatmaps["h"], exact.h[0, :, 0].T.numpy(), rtol=5.01e-3)


def test_a_series_shorter_than_the_stretch_is_shown_whole():
    task = SeriesConfig("own", values=tuple(float(n % 7) for n in range(25)))
    for share in (0.0, 0.5, 1.0):
        assert look(watching(task, probe_start=share)).arrays["probe"].shape == (25,)


def test_ticks_are_some_of_the_labels_and_not_too_long():
    words = TextConfig("own", "words", text="an extraordinarily long word, and more. " * 30)
    for task in (TEXT, words, SeriesConfig(), SeriesConfig("stocks")):
        meta = look(watching(task)).meta
        assert len(meta["ticks"]) == len(meta["tick_steps"])
        for tick, step in zip(meta["ticks"], meta["tick_steps"], strict=True):
            assert len(tick) <= 10
            assert meta["labels"][step].startswith(tick.rstrip("…"))


@pytest.mark.parametrize("length", [10, 48, 50, 64])
def test_no_letter_is_left_out_above_a_heatmap(length):
    meta = look(watching(probe=("the cat sat on the mat. " * 5)[:length])).meta
    assert meta["ticks"] == meta["labels"]
    assert meta["tick_size"] == (13 if length <= 48 else 10)


def test_above_a_long_text_stand_whole_words_where_they_are_read():
    typed = "the cat sat on the mat. " * 5
    meta = look(watching(probe=typed)).meta
    assert len(meta["labels"]) == 120
    assert len(meta["ticks"]) >= 10
    for word, step in zip(meta["ticks"], meta["tick_steps"], strict=True):
        assert word in typed[max(0, step - 4) : step + 5].split()


# size


def after_a_long_run(config):
    """An observer whose histories and growth are as full as they get."""
    trainer = Trainer(config)
    observer = Observer(trainer, config.view)
    trainer.step()
    for history in (trainer.losses, trainer.valid_losses):
        while len(history.points) < history.capacity - 1:
            history.append(len(history.points) + 2, 1.2345678901)
    for _ in range(10):
        observer.record_growth()
    return observer


@pytest.mark.parametrize(
    "config",
    [RunConfig(), RunConfig(SeriesConfig(), ModelConfig(hidden_size=32), TrainConfig(sequence_length=48))],
    ids=["text", "series"],
)
def test_frames_of_the_pages_as_they_open_stay_small(config):
    observer = after_a_long_run(config)
    observer.refresh_outputs()
    assert len(observer.observe({"status": "training", "message": ""}).encode()) <= 30_000
