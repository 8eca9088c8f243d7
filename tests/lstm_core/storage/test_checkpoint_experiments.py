"""Races, ablations and pairs that were saved go on bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lstm_core.config import Knobs, MemoryConfig, SeriesConfig, TextConfig, TrainConfig, View
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.experiments.race.race import EXAM_EVERY
from lstm_core.storage.checkpoint import to_bytes
from tests.lstm_core.acting import with_setting
from tests.lstm_core.pairs import KNOBS, TRAIN, config_for, small
from tests.lstm_core.saving import (
    assert_same_frames,
    brought_back,
    change,
    losses,
    same_losses,
    shown,
    trained,
)

RACE = RaceConfig(hidden_size=5, knobs=Knobs(learning_rate=5e-3, batch_size=4, lag=4))
ABLATION = AblationConfig(TextConfig("counting"), 5, train=TRAIN, knobs=KNOBS, seeds=2)
EXPERIMENTS = {
    "recall": RACE,
    "adding": replace(RACE, task=MemoryConfig("adding"), gru=False, lstm0=False),
    "counting": replace(RACE, task=MemoryConfig("counting"), chrono=True),
    "ablation of a text": ABLATION,
    "ablation of a series": replace(ABLATION, task=SeriesConfig(), seeds=1),
    "ablation of recall": replace(ABLATION, task=MemoryConfig("recall"), chrono=True),
    "cells": small(),
    "sizes": small("model.hidden_size", 40),
    "data": config_for("task"),
    "a knob": config_for("knobs.learning_rate"),
    "directions": config_for("model.bidirectional"),
    "series": small("model.num_layers", 2, task=SeriesConfig("square"), view=View(units="active")),
}
experiments = pytest.mark.parametrize("config", EXPERIMENTS.values(), ids=EXPERIMENTS)


@experiments
@pytest.mark.parametrize(
    ("steps", "more"), [(0, EXAM_EVERY + 1), (1, 3), (EXAM_EVERY + 3, EXAM_EVERY)], ids=str
)  # beyond the next exam, but for the one that begins as the first does
def test_it_goes_on_with_the_losses_and_frames_that_it_would_have_had(config, steps, more):
    run = trained(config, steps)
    if steps:
        shown(run.subject)
    other = brought_back(run)
    assert same_losses(run, other, more)
    assert_same_frames(run.subject, other.subject)
    assert same_losses(run, other, 3)
    assert_same_frames(run.subject, other.subject)


@experiments
def test_saving_changes_nothing_and_comes_back_as_the_same_bytes(config):
    run, other = trained(config, 7), trained(config, 7)
    for _ in range(2):
        shown(run.subject), shown(other.subject)
        run.save()
        assert same_losses(run, other, EXAM_EVERY // 2)
    assert_same_frames(run.subject, other.subject)
    data = to_bytes(run.save())
    assert to_bytes(brought_back(run).save()) == data


@experiments
def test_what_was_saved_does_not_change_when_it_goes_on(config):
    run = trained(config, 3)
    saved = run.save()
    before = to_bytes(saved)
    losses(run.subject, 22)
    shown(run.subject)
    assert to_bytes(saved) == before


def spoil(parameter, entry):
    with torch.no_grad():
        parameter[entry] = torch.inf


def test_a_race_keeps_who_stands_still():
    run = trained(RACE, 5)
    spoil(run.subject.lanes["gru"].trainer.model.head.weight, 0)
    losses(run.subject, 3)
    assert run.subject.lanes["gru"].stopped
    other = brought_back(run)
    assert other.subject.lanes["gru"].stopped == run.subject.lanes["gru"].stopped
    assert same_losses(run, other, 30)
    assert_same_frames(run.subject, other.subject)


def test_a_race_keeps_the_stage_that_it_is_in():
    run = trained(RACE, 30)
    for name, value in (("lag", 7), ("reach", 3)):
        change(run, "knob", name, value)
        losses(run.subject, 21)
    other = brought_back(run)
    assert (other.subject._since, other.subject._cut) == (30, 51)
    assert same_losses(run, other, 30)
    assert_same_frames(run.subject, other.subject)


def test_a_lane_that_diverges_later_falls_back_as_it_would_have():
    run = trained(RACE, 120)
    other = brought_back(run)
    for one in (run, other):
        spoil(one.subject.lanes["lstm"].trainer.model.head.weight, 0)
        losses(one.subject, 2)
    lanes = [one.subject.lanes["lstm"].trainer for one in (run, other)]
    assert lanes[0].step_count == lanes[1].step_count == 100
    assert all(torch.equal(one, two) for one, two in zip(*(lane.parameters for lane in lanes), strict=True))


def test_an_ablation_keeps_which_networks_have_stopped():
    run = trained(ABLATION, 5)
    spoil(run.subject.stack.parameters["head_weight"], 3)
    losses(run.subject, 4)
    shown(run.subject)
    assert run.subject.stopped[3] == 6
    other = brought_back(run)
    one, two = losses(run.subject, 10), losses(other.subject, 10)
    assert np.array_equal(one, two, equal_nan=True)
    assert np.isnan(one[-1][3])
    for name, weights in run.subject.stack.parameters.items():
        assert torch.equal(weights, other.subject.stack.parameters[name]), name
    assert_same_frames(run.subject, other.subject)


def test_a_pair_keeps_which_side_has_stopped_and_when_its_knob_was_moved():
    run = trained(config_for("knobs.learning_rate"), 5)
    change(run, "knob", "learning_rate", 0.05)
    losses(run.subject, 5)
    spoil(run.subject.sides[1].model.head.weight, 0)
    losses(run.subject, 2)
    assert run.subject.sides[1].stopped == 11
    other = brought_back(run)
    assert other.subject.changed == 5
    assert same_losses(run, other, 10)
    assert_same_frames(run.subject, other.subject)


def test_settings_that_change_later_act_as_they_would_have():
    for config in (RACE, ABLATION, small()):
        run = trained(config, 4)
        other = brought_back(run)
        for one in (run, other):
            change(one, "knob", "learning_rate", 0.1)
            change(one, "knob", "batch_size", 2)
        assert same_losses(run, other, 10)


def test_live_settings_come_back_with_the_config():
    config = with_setting(small(train=TrainConfig(9)), "knob", "clip", 0.5)
    config = with_setting(config, "view", "unit", 3)
    assert brought_back(trained(config, 1)).config == config
