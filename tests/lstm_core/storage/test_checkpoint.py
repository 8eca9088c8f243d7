"""A single network that was saved goes on bit for bit, whatever comes."""

import math
from dataclasses import replace

import pytest
import torch

from lstm_core.config import Hands, Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig, View
from lstm_core.runtime.run import Run
from lstm_core.storage.checkpoint import snapshot_from_bytes, snapshot_to_bytes, to_bytes
from lstm_core.training.trainer import CHECKPOINT_EVERY
from tests.lstm_core.acting import CONFIG, SERIES, Clock
from tests.lstm_core.saving import (
    assert_same_frames,
    brought_back,
    change,
    losses,
    shown,
    through_bytes,
    trained,
)

GAPS = RunConfig(
    replace(CONFIG.task, goal="gaps"),
    ModelConfig(hidden_size=5, num_layers=2, embedding_size=3, bidirectional=True),
    CONFIG.train,
    CONFIG.knobs,
)
NETWORKS = {
    "lstm": CONFIG,
    "gru": replace(CONFIG, model=ModelConfig("gru", 6, num_layers=2, embedding_size=3)),
    "rnn": replace(CONFIG, model=ModelConfig("rnn", 6, embedding_size=3, init="uniform")),
    "gaps from both sides": GAPS,
    "words": replace(CONFIG, task=replace(CONFIG.task, level="words")),
    "series": replace(SERIES, knobs=Knobs(batch_size=2, noise=0.2, reach=3)),
    "series with noise": replace(SERIES, task=SeriesConfig("sawtooth", noise=0.3)),
    "under hands": replace(CONFIG, hands=Hands(f=0.5, off=(1,), training=True)),
    "more units than rows": replace(CONFIG, model=ModelConfig(hidden_size=40, embedding_size=3)),
}
networks = pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)


@networks
@pytest.mark.parametrize(
    ("steps", "more"), [(0, 31), (1, 10), (33, 10), (CHECKPOINT_EVERY + 1, 10)], ids=str
)  # of the first, beyond all early validations
def test_it_goes_on_with_the_losses_that_it_would_have_had(config, steps, more):
    run = trained(config, steps)
    other = brought_back(run)
    assert losses(run.subject, more) == losses(other.subject, more)
    assert run.subject.step_count == other.subject.step_count == steps + more
    for one, two in zip(run.subject.trainer.parameters, other.subject.trainer.parameters, strict=True):
        assert torch.equal(one, two)


@networks
def test_every_frame_is_the_one_that_would_have_been_shown(config):
    run = trained(config, 33)
    shown(run.subject)  # rows and colours are sticky: they depend on what was shown before
    losses(run.subject, 7)
    other = brought_back(run)
    assert_same_frames(run.subject, other.subject)
    losses(run.subject, 5), losses(other.subject, 5)
    assert_same_frames(run.subject, other.subject)


@networks
def test_what_is_brought_back_is_saved_as_the_same_bytes(config):
    run = trained(config, 33)
    other = brought_back(run)
    assert to_bytes(other.save()) == to_bytes(run.save())


def test_saving_changes_nothing():
    run, other = trained(CONFIG, 20), trained(CONFIG, 20)
    saved = [run.save()]
    for _ in range(3):
        assert losses(run.subject, 37) == losses(other.subject, 37)
        saved.append(run.save())
    assert to_bytes(run.save()) == to_bytes(other.save())
    again = trained(CONFIG, 20)
    assert to_bytes(saved[0]) == to_bytes(again.save())  # what was saved stays as it was


@pytest.mark.parametrize("steps", [0, 1, 99, 100, 101, 199, 200, 201])
@pytest.mark.parametrize("later", [0, 1])
def test_one_that_diverges_falls_back_to_the_weights_that_it_would_have_fallen_back_to(steps, later):
    run = trained(CONFIG, steps)
    other = brought_back(run)
    for one in (run, other):
        losses(one.subject, later)
        with torch.no_grad():
            one.subject.trainer.model.head.weight[0, 0] = math.inf
        one.subject.step()
        assert one.subject.diverged
    assert run.subject.diverged == other.subject.diverged
    assert run.subject.step_count == other.subject.step_count
    assert losses(run.subject, 3) == losses(other.subject, 3)
    assert run.subject.trainer.losses.points == other.subject.trainer.losses.points


def test_one_that_has_diverged_still_says_so():
    run = trained(CONFIG, 12)
    with torch.no_grad():
        run.subject.trainer.model.head.weight[0, 0] = math.nan
    run.subject.step()
    run.playing = False
    other = brought_back(run)
    assert other.status == "diverged"
    assert other.subject.diverged == run.subject.diverged
    assert losses(run.subject, 5) == losses(other.subject, 5)


def test_histories_go_on_in_the_middle_of_a_bucket():
    config = replace(SERIES, knobs=Knobs(batch_size=1))
    run = trained(config, 777)
    assert run.subject.trainer.losses.bucket > 1
    assert run.subject.trainer.losses._pending
    other = brought_back(run)
    losses(run.subject, 30), losses(other.subject, 30)
    assert run.subject.trainer.losses.points == other.subject.trainer.losses.points
    assert run.subject.trainer.valid_losses.points == other.subject.trainer.valid_losses.points


# the time machine


def test_the_time_machine_goes_on():
    run = trained(CONFIG, 60)
    other = brought_back(run)
    timelines = [one.subject.trainer.timeline for one in (run, other)]
    assert timelines[0].steps == timelines[1].steps
    losses(run.subject, 60), losses(other.subject, 60)
    assert timelines[0].steps == timelines[1].steps
    for one, two in zip(*(timeline.snapshots for timeline in timelines), strict=True):
        assert snapshot_to_bytes(one) == snapshot_to_bytes(two)
    step = timelines[0].steps[-5]
    branches = [Run(CONFIG, Clock(), branch=one.branch(step)) for one in (run, other)]
    assert losses(branches[0].build(), 20) == losses(branches[1].build(), 20)


def test_the_snapshots_of_a_run_that_goes_on_are_those_it_was_given():
    saved = through_bytes(trained(CONFIG, 60).save())
    run = Run(saved.config, Clock(), saved=saved)
    run.build()
    assert run.save().snapshots == saved.snapshots
    assert all(one is two for one, two in zip(run.save().snapshots, saved.snapshots, strict=True))


def test_without_its_snapshots_it_knows_the_beginning_and_now():
    run = trained(CONFIG, 60)
    first = run.subject.trainer.timeline.at(0)
    other = Run(CONFIG, Clock(), saved=replace(through_bytes(run.save()), snapshots=()))
    timeline = other.build().trainer.timeline
    assert timeline.steps == [0, 60]
    assert snapshot_to_bytes(timeline.at(0)) == snapshot_to_bytes(first)
    assert torch.equal(timeline.at(60).weights["head.weight"], run.subject.trainer.model.head.weight)


def test_snapshots_that_cannot_be_its_own_are_left_out():
    run, stranger = trained(CONFIG, 60), trained(SERIES, 30)
    saved, later = through_bytes(run.save()), trained(CONFIG, 90).save().snapshots[-1]
    damaged = (
        saved.snapshots[3],
        stranger.save().snapshots[7],
        saved.snapshots[2],
        saved.snapshots[9],
        later,
    )
    other = Run(CONFIG, Clock(), saved=replace(saved, snapshots=damaged))
    assert other.build().trainer.timeline.steps == [0, saved.snapshots[3].step, saved.snapshots[9].step]


def test_who_looks_at_the_past_sees_it_again():
    run = trained(replace(CONFIG, view=View(layer=0)), 60)
    change(run, "view", "at", 20)
    other = brought_back(run)
    assert other.subject.observer.step == run.subject.observer.step < 60
    assert_same_frames(run.subject, other.subject)
    assert other.subject.trainer.timeline.keep == run.subject.trainer.timeline.keep
    losses(run.subject, 60), losses(other.subject, 60)
    assert_same_frames(run.subject, other.subject)


def test_without_snapshots_there_is_no_past_to_look_at():
    run = trained(CONFIG, 60)
    change(run, "view", "at", 20)
    saved = replace(run.save(), snapshots=())
    other = Run(saved.config, Clock(), saved=saved)
    assert other.build().observer.step == 60
    assert other.config.view.at is None
    change(run, "view", "at", None)
    assert losses(run.subject, 5) == losses(other.subject, 5)


def test_a_snapshot_comes_back_from_its_bytes():
    for config in (CONFIG, SERIES, GAPS):
        for snapshot in trained(config, 20).save().snapshots:
            again = snapshot_from_bytes(snapshot_to_bytes(snapshot))
            assert again.fits(snapshot)
            assert (again.step, again.rng) == (snapshot.step, snapshot.rng)
            assert torch.equal(again.weights["head.bias"], snapshot.weights["head.bias"])
            assert snapshot_to_bytes(again) == snapshot_to_bytes(snapshot)


def test_a_large_network_with_a_text_of_its_own_comes_back():
    text = 'Ein Stück Text — mit “allem”, 漢字 und 🙂. \\n "x" \t' * 40
    config = RunConfig(
        TextConfig("own", text=text), ModelConfig(hidden_size=96), TrainConfig(16, seed=2**31 - 1)
    )
    run = trained(config, 3)
    other = brought_back(run)
    assert other.config == config
    assert losses(run.subject, 3) == losses(other.subject, 3)
