"""The experiment: all networks in lockstep, exactly as each alone; what is shown of them."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lstm_core.config import Knobs, MemoryConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.experiments.ablation.ablation import Ablation
from lstm_core.experiments.ablation.config import QUESTION, AblationConfig
from lstm_core.experiments.ablation.curves import POINTS, Curves
from lstm_core.experiments.ablation.stack import Stack
from lstm_core.experiments.ablation.variants import NO_F, PEEPHOLES, PLAIN, VARIANTS
from lstm_core.frames.frame import Frame
from lstm_core.runtime.run import Run
from lstm_core.training.adam import Adam
from lstm_core.training.trainer import Trainer, model_for
from tests.lstm_core.acting import Clock, go, look, look_again, say
from tests.lstm_core.plain_variants import close, own_parameters, plain_loss

TEXT = TextConfig("own", text="the cat sat on the mat. " * 20)
TASKS = [TEXT, SeriesConfig(), MemoryConfig("recall"), MemoryConfig("adding"), MemoryConfig("counting")]


def make_config(task=TEXT, seeds=2, hidden_size=5, length=6, **knobs):
    knobs = Knobs(**{"batch_size": 3, "lag": 5} | knobs)
    train = TrainConfig(sequence_length=length)
    return AblationConfig(task, hidden_size=hidden_size, seeds=seeds, train=train, knobs=knobs)


def in_float64(ablation):
    """The same networks, before their first step, in float64."""
    runs = [ablation.config.run(seed) for seed in range(ablation.config.seeds)]
    ablation.stack = Stack([model_for(ablation.task, run).double() for run in runs])
    ablation.optimizer = Adam(ablation.stack.parameters)
    return ablation


def values_of(ablation):
    return {name: parameter.detach().clone() for name, parameter in ablation.stack.parameters.items()}


# training


@pytest.mark.parametrize("clip", [0.05, 100.0])
@pytest.mark.parametrize("task", [TEXT, MemoryConfig("recall")], ids=["text", "recall"])
def test_stacked_training_is_training_each_alone(task, clip):
    config = make_config(task, learning_rate=0.05, clip=clip, noise=0.1)
    ablation = in_float64(Ablation(config))
    alone = [own_parameters(ablation.stack, network) for network in range(config.networks)]
    optimizers = [torch.optim.Adam(own.values(), lr=0.05) for own in alone]
    rngs = [np.random.default_rng(seed) for seed in range(config.seeds)]
    length = 5 if task != TEXT else 6
    for _ in range(8):
        ablation.step()
        batches = [ablation.task.batch(rng, 3, length, 0.1) for rng in rngs]
        for network, (own, optimizer) in enumerate(zip(alone, optimizers, strict=True)):
            variant, seed = divmod(network, config.seeds)
            batch = batches[seed]
            loss = plain_loss(variant, own, batch.inputs, batch.targets, batch.skip)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(own.values(), clip)
            optimizer.step()
            close(ablation.losses[network], loss.detach(), 1e-8)
    for network, own in enumerate(alone):
        for name, parameter in own_parameters(ablation.stack, network).items():
            close(parameter, own[name], 1e-7)


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_the_plain_lstm_learns_as_a_run_of_its_seed(task):
    config = make_config(task, seeds=2)
    ablation = Ablation(config)
    trainers = [Trainer(config.run(seed)) for seed in range(2)]
    for _ in range(5):
        ablation.step()
        for seed, trainer in enumerate(trainers):
            assert ablation.losses[seed].item() == pytest.approx(trainer.step(), rel=1e-4)


def test_the_same_settings_give_the_same_losses_bit_for_bit():
    one, other = Ablation(make_config()), Ablation(make_config())
    for _ in range(4):
        one.step()
        other.step()
        other.refresh("validation")  # which draws nothing from the training stream
        assert torch.equal(one.losses, other.losses)


def test_what_a_variant_lacks_never_changes():
    ablation = Ablation(make_config())
    before = values_of(ablation)["weight_hh"]
    for _ in range(3):
        ablation.step()
    change = (values_of(ablation)["weight_hh"] != before)[ablation.stack.of(NO_F)]
    hidden = ablation.stack.hidden
    assert not change[:, hidden : 2 * hidden].any()
    assert change[:, :hidden].all()


def test_knobs_act_at_the_very_next_step():
    config = make_config(learning_rate=1e-5)
    ablation = Ablation(config)
    ablation.step()
    assert ablation.learning_rate == 1e-5
    before = values_of(ablation)["head_bias"]
    ablation.change(replace(config, knobs=replace(config.knobs, learning_rate=0.5)), "knob", "learning_rate")
    ablation.step()
    assert ablation.learning_rate == 0.5
    assert (values_of(ablation)["head_bias"] - before).abs().max() > 0.1


# networks that diverge


def test_a_network_that_diverges_stops_and_the_others_go_on_as_if_it_were_not_there():
    config = make_config()
    broken, whole = Ablation(config), Ablation(config)
    for ablation in (broken, whole):
        ablation.step()
        ablation.step()
    network = NO_F * 2 + 1
    broken.stack.parameters["head_weight"].data[network] = torch.inf
    stuck = values_of(broken)
    for _ in range(3):
        broken.step()
        whole.step()
    others = torch.arange(config.networks) != network
    assert broken.stopped.tolist() == [3 if number == network else 0 for number in range(config.networks)]
    assert torch.equal(broken.losses[others], whole.losses[others])
    assert broken.diverged is None
    assert broken.step_count == 5
    for name, value in values_of(broken).items():
        if value.shape[0] == config.networks:
            assert torch.equal(value[network], stuck[name][network])
    broken.refresh("validation")
    row = broken.observe({}).meta["variants"][NO_F]
    assert row["verdict"] == "diverged"
    assert math.isfinite(row["loss"])
    assert math.isnan(row["losses"][1])


def test_one_that_diverges_at_the_very_first_step_stops_too():
    ablation = Ablation(make_config())
    ablation.stack.parameters["peephole"].data[0] = torch.nan
    before = values_of(ablation)
    ablation.step()
    ablation.step()
    assert ablation.stopped.nonzero().flatten().tolist() == [PEEPHOLES * 2]
    assert torch.equal(values_of(ablation)["weight_hh"][PEEPHOLES * 2], before["weight_hh"][PEEPHOLES * 2])


def test_when_all_have_diverged_a_sentence_says_what_to_do_and_nothing_is_counted():
    ablation = Ablation(make_config())
    ablation.step()
    ablation.stack.parameters["head_bias"].data[:] = torch.nan
    ablation.step()
    assert ablation.step_count == 1
    assert "at step 2" in ablation.diverged
    assert "Lower the learning rate" in ablation.diverged
    ablation.refresh("validation")
    frame = ablation.observe({"status": "diverged"})
    assert "Lower the learning rate" in frame.meta["observation"]
    header = Frame.decode(frame.encode()).meta
    assert header["loss"] is None
    assert [row["loss"] for row in header["variants"]] == [None] * len(VARIANTS)


# what is shown


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_a_frame_of_every_kind_of_data(task):
    ablation = Ablation(make_config(task))
    empty = ablation.observe({})
    assert empty.meta["variants"] == []
    assert len(empty.arrays["steps"]) == 0
    for _ in range(3):
        ablation.step()
        ablation.refresh("validation")
    frame = Frame.decode(ablation.observe({"status": "training"}).encode())
    meta = frame.meta
    assert (meta["experiment"], meta["step"], meta["status"]) == ("ablation", 3, "training")
    assert meta["kind"] == ablation.task.kind
    assert meta["question"] == QUESTION
    assert meta["squared"] == (task in (SeriesConfig(), MemoryConfig("adding")))
    assert meta["loss"] == pytest.approx(ablation.losses[:2].mean().item())
    assert meta["learning_rate"] == 0.01
    assert [row["name"] for row in meta["variants"]] == [variant.name for variant in VARIANTS]
    assert sorted(row["place"] for row in meta["variants"]) == list(range(1, 10))
    assert frame.arrays["steps"].tolist() == [1, 2, 3]
    for number in range(len(VARIANTS)):
        low, mean, high = (frame.arrays[f"{name}_{number}"] for name in ("low", "mean", "high"))
        assert (low <= mean + 1e-6).all()
        assert (mean <= high + 1e-6).all()
    assert meta["axis_low"] < meta["axis_high"]


def test_validation_losses_are_those_of_the_networks():
    ablation = Ablation(make_config(seeds=1))
    ablation.step()
    ablation.refresh("validation")
    batch = ablation.task.validation(6)
    for number, row in enumerate(ablation.observe({}).meta["variants"]):
        expected = plain_loss(number, own_parameters(ablation.stack, number), batch.inputs, batch.targets)
        assert row["loss"] == pytest.approx(expected.item(), rel=1e-5)
        assert row["losses"] == [row["loss"]]


def test_the_same_step_is_tried_once_only():
    ablation = Ablation(make_config())
    ablation.step()
    ablation.refresh("validation")
    ablation.refresh("validation")
    assert ablation.curves.steps == [1]


def test_another_lag_is_tried_at_once_and_not_averaged_with_the_one_before():
    config = make_config(MemoryConfig("recall"))
    ablation = Ablation(config)
    for _ in range(3):
        ablation.step()
        ablation.refresh("validation")
    longer = replace(config, knobs=replace(config.knobs, lag=9))
    assert ablation.change(longer, "knob", "lag") == ["validation"]
    ablation.refresh("validation")
    batch = ablation.task.validation(9)
    expected = plain_loss(0, own_parameters(ablation.stack, 0), batch.inputs, batch.targets, batch.skip)
    assert ablation.ranking.results[PLAIN].losses[0] == pytest.approx(expected.item(), rel=1e-5)
    ablation.step()  # sequences of the new length
    text = Ablation(make_config())
    assert text.change(make_config(lag=9), "knob", "lag") == []


def test_the_longest_experiment_stays_small_on_the_wire():
    ablation = Ablation(make_config(seeds=5))
    ablation.step()
    ablation.refresh("validation")
    rng = np.random.default_rng(0)
    for step in range(2, 4 * POINTS):
        ablation.curves.append(step, rng.random((len(VARIANTS), 5)), False)
    assert len(ablation.observe({}).encode()) < 30_000
    assert all(math.isfinite(end) for end in ablation.curves.axis(False))


@pytest.mark.parametrize("count", [1, POINTS - 1, POINTS, 5 * POINTS + 3])
def test_curves_keep_their_beginning_and_an_even_pace_in_bounded_room(count):
    curves = Curves()
    for step in range(1, count + 1):
        curves.append(step, np.full((len(VARIANTS), 2), float(step)), False)
    assert len(curves.steps) <= POINTS
    assert curves.steps[0] == 1
    if count > POINTS:
        pace = np.diff(curves.steps)
        assert len(set(pace.tolist())) == 1
        assert count - curves.steps[-1] < pace[0]
    assert curves.arrays()["mean_3"].tolist() == curves.steps


def test_the_mean_of_errors_is_that_of_their_logarithms_and_leaves_out_what_has_diverged():
    losses = np.full((len(VARIANTS), 3), math.nan)
    losses[0] = 1e-4, 1e-2, math.nan
    for squared, mean in ((True, 1e-3), (False, 5.05e-3)):
        curves = Curves()
        curves.append(1, losses, squared)
        arrays = curves.arrays()
        assert arrays["mean_0"][0] == pytest.approx(mean)
        assert (arrays["low_0"][0], arrays["high_0"][0]) == pytest.approx((1e-4, 1e-2))
        assert math.isnan(arrays["mean_1"][0])
        assert json.dumps(curves.axis(squared))


# as the subject of a run


def test_a_run_trains_it_and_shows_what_it_has_seen():
    run = Run(make_config(seeds=3), clock := Clock())
    go(run, clock, 0.5, watched=True)
    frame = look(run, clock)
    assert frame.meta["step"] > 5
    assert len(frame.arrays["steps"]) > 1
    assert frame.meta["variants"][PLAIN]["verdict"] in ("early", "plain")
    say(run, "knob", "learning_rate", 0.2)
    assert look(run, clock).meta["learning_rate"] == 0.2
    say(run, "reset")
    assert look(run, clock).meta["step"] < 5


def test_a_step_by_hand_is_followed_by_its_validation():
    run = Run(make_config(), clock := Clock())
    say(run, "pause")
    look(run, clock)
    for step in (1, 2, 3):
        say(run, "step")
        frame = look(run, clock)
        assert frame.meta["step"] == step
        assert frame.arrays["steps"].tolist()[-1] == step
    assert look_again(run, clock).arrays["steps"].tolist()[-1] == 3


@pytest.mark.parametrize("question", [{"type": "view", "name": "unit", "value": 1}, {"type": "check"}])
def test_a_run_of_it_refuses_what_is_for_a_single_network(question):
    with pytest.raises(ValueError, match="unknown message type"):
        Run(make_config()).post(question)


# settings


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hidden_size": 1000}, "hidden_size is 1000; it must be a whole number from 4 to 64"),
        ({"hidden_size": 8.5}, "whole number"),
        ({"seeds": 0}, "seeds is 0; it must be a whole number from 1 to 5"),
        ({"forget_bias": -1.0}, "forget_bias is -1.0; it must be a number from 0 to 5"),
        ({"forget_bias": math.nan}, "forget_bias is nan"),
        ({"chrono": 3}, "chrono is 3; it must be true or false"),
    ],
)
def test_bad_settings_are_named(fields, said):
    with pytest.raises(ValueError, match=said):
        AblationConfig(**fields)


def test_too_much_work_is_refused_with_a_batch_that_fits():
    large = {"hidden_size": 64, "seeds": 5, "train": TrainConfig(sequence_length=256)}
    with pytest.raises(ValueError, match=r"A batch size of 128 is too much for 45 networks") as error:
        AblationConfig(**large, knobs=Knobs(batch_size=128))
    fits = int(str(error.value).split("A batch size of ")[2].split()[0])
    AblationConfig(**large, knobs=Knobs(batch_size=fits))
    with pytest.raises(ValueError, match="too much"):
        AblationConfig(**large, knobs=Knobs(batch_size=fits + 1))


def test_data_that_cannot_be_learnt_is_named():
    with pytest.raises(ValueError, match="too short"):
        Ablation(AblationConfig(TextConfig("own", text="ab" * 15)))


def test_live_settings_ask_for_no_new_networks_and_all_others_do():
    config = AblationConfig()
    assert replace(config, knobs=Knobs(lag=50, learning_rate=0.1)).network == config.network
    others = [
        {"seeds": 2},
        {"hidden_size": 8},
        {"forget_bias": 2.0},
        {"chrono": True},
        {"task": SeriesConfig()},
    ]
    assert len({config.network, *(replace(config, **fields).network for fields in others)}) == 6
    assert config.step_work == 27 * config.run(0).step_work


def test_each_seed_is_a_run_of_its_own():
    config = AblationConfig(train=TrainConfig(sequence_length=32, seed=2**31 - 1), seeds=2)
    assert [config.run(number).train.seed for number in range(2)] == [2**31 - 1, 0]
    assert isinstance(config.run(0), RunConfig)
    assert config.run(0).model.chrono == 0
    recall = AblationConfig(MemoryConfig("recall"), chrono=True, knobs=Knobs(lag=40))
    assert recall.run(0).model.chrono == 42
