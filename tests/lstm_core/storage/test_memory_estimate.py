"""How large networks are, reckoned before they are built."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lstm_core.config import (
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
)
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import LANES, RaceConfig
from lstm_core.experiments.registry import make_subject
from lstm_core.storage.memory_estimate import check_size, footprint
from lstm_core.training.timeline_capacity import BYTES
from tests.lstm_core.pairs import OTHERS, config_for
from tests.lstm_core.saving import trained

TRAIN = TrainConfig(sequence_length=8)
texts = st.builds(
    TextConfig,
    st.sampled_from(["counting", "brackets", "rhymes"]),
    st.sampled_from(["characters", "words"]),
    goal=st.sampled_from(["next", "gaps"]),
)
series = st.builds(SeriesConfig, st.sampled_from(["sine", "sunspots"]))
memory = st.builds(MemoryConfig, st.sampled_from(["recall", "adding", "counting"]))


@st.composite
def runs(draw):
    task = draw(texts | series)
    model = ModelConfig(
        draw(st.sampled_from(["lstm", "gru", "rnn"])),
        draw(st.integers(4, 24)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 12)),
        bidirectional=isinstance(task, TextConfig) and task.goal == "gaps" and draw(st.booleans()),
    )
    return RunConfig(task, model, TRAIN, Knobs(batch_size=2))


@st.composite
def races(draw):
    lanes = draw(st.dictionaries(st.sampled_from(list(LANES)), st.booleans()))
    assume(any(lanes.get(lane, True) for lane in LANES))
    knobs = Knobs(batch_size=2, lag=draw(st.integers(1, 5)))
    return RaceConfig(draw(memory), hidden_size=draw(st.integers(4, 20)), knobs=knobs, **lanes)


ablations = st.builds(
    AblationConfig,
    texts.filter(lambda task: task.level == "characters") | series | memory,
    hidden_size=st.integers(4, 10),
    seeds=st.integers(1, 2),
    train=st.just(TRAIN),
    knobs=st.just(Knobs(batch_size=2, lag=3)),
)
pairs = st.sampled_from(sorted(OTHERS)).map(config_for)


def parameters(subject):
    if hasattr(subject, "stack"):
        return sum(weights.numel() for weights in subject.stack.parameters.values())
    if hasattr(subject, "trainer"):
        trainers = [subject.trainer]
    elif hasattr(subject, "lanes"):
        trainers = [lane.trainer for lane in subject.lanes.values()]
    else:
        trainers = subject.sides
    return sum(weights.numel() for trainer in trainers for weights in trainer.parameters)


@given(runs() | races() | ablations | pairs)
def test_it_counts_the_parameters_that_there_are(config):
    assert footprint(config).parameters == parameters(make_subject(config))


def held(trainer):
    """Bytes that a trainer holds: its weights, gradients, moments, copies and snapshots."""
    weights = sum(weight.nbytes for weight in trainer.parameters)
    copies = {id(one): one for one in (trainer._good, trainer._newest)}.values()
    kept = sum(len(one["optimizer"]) for one in copies)  # step, exp_avg, exp_avg_sq
    return weights * (4 + kept) + sum(one.bytes for one in trainer.timeline.snapshots)


def test_the_megabytes_are_those_that_are_held_and_not_many_times_as_many():
    model = ModelConfig(hidden_size=32, embedding_size=8)
    config = RunConfig(TextConfig("counting"), model, TrainConfig(sequence_length=4), Knobs(batch_size=1))
    trainer = trained(config, 601).subject.trainer
    assert held(trainer) / 1e6 < footprint(config).megabytes < 3 * held(trainer) / 1e6


def test_a_large_network_keeps_few_snapshots_and_a_small_one_many():
    small, large = (
        footprint(RunConfig(SeriesConfig(), ModelConfig(hidden_size=hidden, num_layers=3), TRAIN))
        for hidden in (16, 256)
    )
    assert small.megabytes < 10
    assert large.megabytes > BYTES / 1e6 + 10 * 4 * large.parameters / 1e6
    assert large.megabytes < 100


def test_longer_sequences_and_larger_batches_need_more():
    config = RunConfig(TextConfig("counting"), ModelConfig(hidden_size=8), TRAIN)
    before = footprint(config)
    for other in (replace(config, train=TrainConfig(64)), replace(config, knobs=Knobs(batch_size=128))):
        assert footprint(other).megabytes > before.megabytes
        assert footprint(other).parameters == before.parameters


@pytest.mark.parametrize("config", [RunConfig(), RaceConfig(), AblationConfig(), PairConfig()])
def test_what_a_page_begins_with_fits(config):
    check_size(config, Limits())


def test_what_does_not_fit_is_refused_with_both_numbers():
    config = RunConfig(SeriesConfig(), ModelConfig(hidden_size=64))
    count = footprint(config).parameters
    check_size(config, Limits(parameters=count))
    with pytest.raises(ValueError, match=f"ask for {count:,} parameters, and at most {count - 1:,} fit"):
        check_size(config, Limits(parameters=count - 1))
    wide = replace(config, train=TrainConfig(256), knobs=Knobs(batch_size=128))
    with pytest.raises(ValueError, match="MB of memory, and a run may take 10 MB"):
        check_size(wide, Limits(run_mb=10))


def test_data_that_cannot_be_learnt_from_are_named():
    with pytest.raises(ValueError, match="empty"):
        footprint(RunConfig(TextConfig("own")))
