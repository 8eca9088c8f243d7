"""Snapshots over training time: which are kept, that they are exact, that a branch goes on from one."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import Knobs, ModelConfig, RunConfig
from lstm_core.training.snapshots import Snapshot, Timeline
from lstm_core.training.timeline_capacity import BYTES, CAPACITY, FEWEST
from lstm_core.training.trainer import Trainer
from tests.lstm_core.acting import CONFIG, SERIES


def snapshot(step, size=1):
    return Snapshot(step, {"w": torch.zeros(size)}, [], {}, 0.0, 0.0, 0.0)


def timeline(steps, size=1):
    """What is left of a training of so many steps."""
    line = Timeline()
    for step in range(steps + 1):
        if line.due(step):
            line.add(snapshot(step, size))
    return line


@given(st.integers(0, 30_000))
def test_about_sixty_snapshots_the_first_and_a_recent_one_among_them(steps):
    line = timeline(steps)
    assert line.steps == sorted(set(line.steps))
    assert line.steps[0] == 0
    assert line.steps[-1] >= steps / 1.07 - 1
    assert len(line.steps) <= CAPACITY
    assert len(line.steps) >= min(CAPACITY, steps + 1) * 0.5
    assert len(line.steps) == CAPACITY or steps < 500


@pytest.mark.parametrize("steps", [1_000, 10_000, 100_000])
def test_snapshots_are_spread_evenly_over_the_logarithm_of_time(steps):
    times = [math.log(step + 10) for step in timeline(steps).steps]
    gaps = np.diff(times)
    # whole numbers leave no choice among the very first steps
    assert gaps.max() < 3 * np.median(gaps)


def test_few_of_a_large_network_so_that_memory_is_bounded():
    size = int(BYTES / 4 / 20)  # twenty of these fit
    assert len(timeline(2000, size).steps) == 20
    assert len(timeline(2000, 4 * size).steps) == FEWEST


def test_the_newest_snapshot_up_to_a_step():
    line = timeline(8)
    assert line.at(5).step == 5
    assert line.at(10**9).step == 8
    assert line.at(-1).step == 0
    line.cut(3)
    assert line.steps == [0, 1, 2, 3]
    with pytest.raises(IndexError):
        Timeline().at(0)


# in a trainer


def trained(config=CONFIG, steps=120):
    trainer = Trainer(config)
    for _ in range(steps):
        trainer.step()
    return trainer


@pytest.mark.parametrize("config", [CONFIG, SERIES], ids=["text", "series"])
def test_the_first_snapshot_has_the_initial_weights_and_later_ones_those_of_their_step(config):
    trainer, fresh = trained(config), Trainer(config)
    kept = {one.step: one for one in trainer.timeline.snapshots}
    for step in range(121):
        if step in kept:
            for name, weight in fresh.model.state_dict().items():
                assert torch.equal(kept[step].weights[name], weight)
        fresh.step()
    assert len(kept) > 40


def test_looking_back_changes_no_loss():
    assert trained().losses.points == trained().losses.points


def test_a_branch_begins_with_the_weights_losses_and_dice_of_then():
    trainer = trained()
    past = trainer.past(50)
    branch = Trainer(CONFIG, past)
    start = trainer.timeline.at(50)
    assert branch.step_count == start.step <= 50
    assert branch.timeline.steps == [step for step in trainer.timeline.steps if step <= 50]
    assert branch.losses.points == [point for point in trainer.losses.points if point[0] <= start.step]
    for name, weight in branch.model.state_dict().items():
        assert torch.equal(weight, start.weights[name])
    assert (branch.loss, branch.learning_rate) == (start.loss, start.learning_rate)
    # the same weights read the same batch next
    again = trained(steps=start.step + 1)
    assert branch.step() == pytest.approx(again.loss, rel=1e-6)
    assert trainer.step_count == 120


def test_a_branch_from_step_0_is_the_same_run_once_more():
    branch = Trainer(CONFIG, trained().past(0))
    for _ in range(30):
        branch.step()
    assert branch.losses.points == trained(steps=30).losses.points


def test_a_branch_can_be_begun_twice():
    past = trained().past(60)
    losses = []
    for _ in range(2):
        branch = Trainer(CONFIG, past)
        losses.append([branch.step() for _ in range(5)])
    assert losses[0] == losses[1]


def test_a_branch_does_not_jump():
    """With Adam's moments from their means, the loss goes on from where it was."""
    config = replace(CONFIG, model=ModelConfig(hidden_size=32), knobs=Knobs(batch_size=8))
    trainer = trained(config, steps=400)
    branch = Trainer(config, trainer.past(400))
    before = np.mean([value for _, value in trainer.losses.points][-10:])
    assert np.mean([branch.step() for _ in range(20)]) < before * 1.3


def test_a_run_that_diverges_forgets_the_snapshots_after_its_good_weights():
    trainer = trained(steps=105)
    with torch.no_grad():
        trainer.model.head.weight.fill_(float("nan"))
    trainer.step()
    assert trainer.diverged
    assert trainer.timeline.steps[-1] <= trainer.step_count


def test_bytes_count_weights_and_means():
    trainer = Trainer(
        RunConfig(CONFIG.task, ModelConfig(hidden_size=8, embedding_size=3), CONFIG.train, CONFIG.knobs)
    )
    weights = sum(tensor.nbytes for tensor in trainer.model.state_dict().values())
    assert weights < trainer.timeline.snapshots[0].bytes < 2 * weights
