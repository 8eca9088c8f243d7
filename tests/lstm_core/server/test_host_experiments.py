"""Experiments on a host: two at once, one that is left mid-way, and what only a single network can do."""

import pytest

from lstm_core.config import Knobs, MemoryConfig, TextConfig, TrainConfig
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from tests.lstm_core.hosting import PAUSE, PLAY, TINY, Viewer, rests, trains

KNOBS = Knobs(batch_size=2, lag=5)
EXPERIMENTS = {
    "race": RaceConfig(hidden_size=4, knobs=KNOBS),
    "ablation": AblationConfig(MemoryConfig(), hidden_size=4, seeds=1, knobs=KNOBS),
    "pair": PairConfig(TINY.task, TINY.model, TINY.train, KNOBS, value="gru"),
}
each_experiment = pytest.mark.parametrize("config", EXPERIMENTS.values(), ids=list(EXPERIMENTS))


def test_experiments_that_run_at_once_all_go_on(open_host):
    host = open_host()
    viewers = [Viewer(host, host.open(config)) for config in [*EXPERIMENTS.values(), TINY]]
    for viewer in viewers:
        viewer.until(trains)
    for viewer in viewers:
        viewer.steps(3)
    assert host.stats()["runs"] == len(viewers)


@each_experiment
def test_one_that_is_left_rests_and_goes_on_from_there(open_host, runs, config):
    host = open_host(lease=0.05)
    left, watched = host.open(config), host.open(TINY)
    viewer = Viewer(host, left)
    viewer.until(trains)
    other = Viewer(host, watched)
    other.until(trains)
    viewer.leave()
    run = runs[0]
    rests(run, other, steps=50)
    networks, steps = run.subject, run.subject.step_count
    again = Viewer(host, left)
    again.until(lambda meta: meta["step"] > steps)
    assert run.subject is networks


@each_experiment
def test_another_one_in_its_place_starts_from_step_0(open_host, config):
    host = open_host()
    token = host.open(config)
    viewer = Viewer(host, token)
    viewer.until(trains)
    host.post(token, PAUSE)
    viewer.until(lambda meta: meta["status"] == "paused")
    other = TINY if isinstance(config, RaceConfig) else RaceConfig(hidden_size=4, knobs=KNOBS)
    assert host.configure(token, other)
    assert viewer.until(lambda meta: meta["step"] == 0)["status"] == "paused"
    host.post(token, PLAY)
    viewer.steps(2)


@each_experiment
def test_what_only_a_single_network_can_do_is_refused(open_host, config):
    host = open_host()
    token = host.open(config)
    Viewer(host, token).until(trains)
    with pytest.raises(ValueError, match="no network"):
        host.branch(token, 0)
    assert host.film(token) == []
    for message in ({"type": "check"}, {"type": "find", "kind": "quotes"}, {"type": "release"}):
        with pytest.raises(ValueError, match="unknown message"):
            host.post(token, message)
    with pytest.raises(ValueError, match="from 1 to 200"):
        host.post(token, {"type": "knob", "name": "lag", "value": 201})


def test_data_too_short_for_either_side_are_refused_before_anything_starts(open_host):
    host = open_host()
    short = TextConfig("own", text="abc")
    with pytest.raises(ValueError, match="too short"):
        host.open(AblationConfig(short))
    with pytest.raises(ValueError, match="too short"):
        host.open(PairConfig(TINY.task, TINY.model, TrainConfig(6), KNOBS, differs="task", value=short))
