"""Series tasks: the generators, the split, the windows, and what is refused."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from lstm_core.config import SERIES, STOCKS, SeriesConfig, TrainConfig
from lstm_core.tasks import SeriesTask, make_task
from lstm_core.tasks.series import SERIES_ABOUT, SERIES_NAMES, SERIES_SETTINGS, STOCK_NAMES

BUNDLED = [kind for kind in SERIES if kind != "own"]
SHAPES = ["sine", "two sines", "square", "sawtooth", "triangle", "damped", "chirp"]
SHORT = TrainConfig(sequence_length=4)
numbers = st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=200)


def series(kind: str, train: TrainConfig = SHORT, **settings: float | str) -> SeriesTask:
    task = make_task(SeriesConfig(kind, **settings), train)  # type: ignore[arg-type]
    assert isinstance(task, SeriesTask)
    return task


def own(values: list[float], length: int = 4) -> SeriesTask:
    config = SeriesConfig("own", column="price", values=tuple(values))
    return SeriesTask(config, TrainConfig(sequence_length=length))


def test_every_kind_is_named_and_explained() -> None:
    assert set(SERIES_NAMES) == set(SERIES_ABOUT) == set(SERIES_SETTINGS) == set(SERIES)
    assert set(STOCK_NAMES) == set(STOCKS)
    fields = SeriesConfig.__dataclass_fields__
    assert all(name in fields for names in SERIES_SETTINGS.values() for name in names)


@pytest.mark.parametrize("kind", BUNDLED)
def test_bundled_series_can_be_learnt(kind: str) -> None:
    task = series(kind)
    assert len(task.values) == len(task.x) == len(task.scaled)
    assert task.values.dtype == np.float64
    assert task.scaled.dtype == np.float32
    assert task.split == int(0.8 * len(task.values))
    assert task.naive_rmse > 0
    # the validation part has a life of its own
    assert task.values[task.split :].std() > 0.1 * task.std


@given(st.sampled_from(SHAPES), st.floats(4, 200), st.floats(0.01, 1000), st.floats(0, 360))
def test_shapes_stay_within_their_amplitude(kind: str, period: float, amplitude: float, phase: float) -> None:
    task = series(kind, period=period, amplitude=amplitude, phase=phase)
    assert np.abs(task.values).max() <= amplitude * (1 + 1e-9)
    assert task.values[task.split :].std() > 0.05 * amplitude


@pytest.mark.parametrize("kind", ["sine", "square", "sawtooth", "triangle"])
def test_steady_series_repeat_after_their_period(kind: str) -> None:
    task = series(kind, period=16, phase=30)
    assert np.allclose(task.values[16:], task.values[:-16], atol=1e-9)
    assert task.period == 16


def test_phase_and_amplitude() -> None:
    assert series("sine", amplitude=3.0, phase=90).values[0] == pytest.approx(3.0)
    assert series("sine").values[0] == 0.0


def test_the_chirp_sweeps_within_its_band() -> None:
    values = series("chirp", period=20).values
    crossings = np.flatnonzero((values[:-1] < 0) & (values[1:] >= 0))
    swings = np.diff(crossings)
    assert 12 <= swings.min() < 15 < 30 < swings.max() <= 41  # 20 / 1.5 and 20 / 0.5


def test_mackey_glass_is_the_known_attractor() -> None:
    values = series("mackey-glass").values
    assert 0.2 < values.min() < 0.5
    assert 1.2 < values.max() < 1.4
    # it nearly repeats, never quite
    assert np.abs(values[17:] - values[:-17]).max() > 0.1


def test_sunspots_are_the_published_figures() -> None:
    task = series("sunspots")
    assert (task.x[0], task.x[-1], len(task.values)) == (1700, 2008, 309)
    assert task.values[list(task.x).index(1957)] == 190.2  # the highest yearly mean of version 1
    assert (task.unit, task.period) == ("sunspots", 11.0)


@pytest.mark.parametrize("stock", STOCKS)
def test_stocks_begin_at_one(stock: str) -> None:
    task = series("stocks", stock=stock)
    assert task.values[0] == 1.0
    assert task.x[0] == "2018-01-01"
    assert STOCK_NAMES[stock] in task.name
    assert task.period is None


def test_noise_in_the_data_follows_the_seed() -> None:
    one = series("sine", noise=0.1)
    assert np.array_equal(one.values, series("sine", noise=0.1).values)
    other = series("sine", TrainConfig(sequence_length=4, seed=1), noise=0.1)
    assert not np.array_equal(one.values, other.values)
    assert (one.values - series("sine").values).std() == pytest.approx(0.1, rel=0.1)
    assert (series("sine", amplitude=50.0, noise=0.1).values - 50 * series("sine").values).std() > 4


# scaling


@given(numbers, st.floats(-1e6, 1e6))
def test_scaling_knows_the_training_part_only(values: list[float], last: float) -> None:
    assume(np.std(values[: int(0.8 * len(values))]) > 1e-3)
    one, other = own(values), own([*values[:-1], last])
    assert (one.mean, one.std) == (other.mean, other.std)
    training = one.scaled[: one.split].astype(np.float64)
    assert float(training.mean()) == pytest.approx(0, abs=1e-3)
    assert float(training.std()) == pytest.approx(1, abs=1e-3)
    assert np.allclose(one.unscale(one.scale(one.values)), one.values, atol=1e-6)
    assert np.allclose(one.scaled, one.scale(one.values), rtol=1e-5, atol=1e-5)


def test_the_naive_error_is_that_of_repeating() -> None:
    task = own([0.0, 1.0] * 10 + [5.0, 9.0, 5.0, 9.0, 5.0])  # the last five validate
    steps = np.diff([1.0, 5.0, 9.0, 5.0, 9.0, 5.0])
    assert task.naive_rmse == pytest.approx(math.sqrt(np.mean(steps**2)), rel=1e-5)


# windows


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 64))
def test_targets_are_inputs_one_step_on(seed: int, batch_size: int, length: int) -> None:
    task = series("damped")
    batch = task.batch(np.random.default_rng(seed), batch_size, length)
    assert batch.inputs.shape == batch.targets.shape == (length, batch_size, 1)
    assert batch.inputs.dtype == batch.targets.dtype == torch.float32
    assert torch.equal(batch.inputs[1:], batch.targets[:-1])
    again = task.batch(np.random.default_rng(seed), batch_size, length)
    assert torch.equal(batch.inputs, again.inputs)
    assert torch.equal(batch.targets, again.targets)


@given(st.integers(0, 2**32), st.floats(0.01, 1.0))
def test_noise_disturbs_inputs_only(seed: int, noise: float) -> None:
    task = series("sine")
    clean = task.batch(np.random.default_rng(seed), 16, 64)
    noisy = task.batch(np.random.default_rng(seed), 16, 64, noise)
    assert torch.equal(clean.targets, noisy.targets)
    assert float((noisy.inputs - clean.inputs).std()) == pytest.approx(noise, rel=0.2)


def test_without_noise_the_generator_is_left_alone() -> None:
    task = series("sine")
    plain, silent = np.random.default_rng(1), np.random.default_rng(1)
    task.batch(plain, 4, 8)
    task.batch(silent, 4, 8, 0.0)
    assert plain.random() == silent.random()


def test_training_windows_stay_in_the_training_part() -> None:
    task = own([float(number) for number in range(20)])
    batch = task.batch(np.random.default_rng(0), 500, 4)
    drawn = task.unscale(batch.targets.numpy().astype(np.float64))
    assert drawn.max() == pytest.approx(15)  # 16 of 20 train
    assert drawn.min() == pytest.approx(1)


@pytest.mark.parametrize("length", [4, 64, 5_000])
def test_validation_warms_up_and_counts_each_held_out_value(length: int) -> None:
    task = series("sine")
    batch = task.validation(length)
    assert batch.skip == min(length, task.split - 1)
    assert batch.inputs.shape == batch.targets.shape == (batch.skip + 400, 1, 1)
    assert torch.equal(batch.inputs[1:], batch.targets[:-1])
    assert np.array_equal(batch.targets[batch.skip :, 0, 0], task.scaled[task.split :])


def test_validation_is_bounded() -> None:
    task = own([math.sin(number) for number in range(20_000)])
    batch = task.validation(64)
    assert len(batch.inputs) == 64 + 1_000
    assert np.array_equal(batch.targets[64:, 0, 0], task.scaled[task.split : task.split + 1_000])


# refusals


def test_the_length_that_a_refusal_proposes_works() -> None:
    with pytest.raises(ValueError, match=r"84 train.*length of 128.*at most 76"):
        series("stocks", TrainConfig(sequence_length=128))
    task = series("stocks", TrainConfig(sequence_length=76))
    assert task.batch(np.random.default_rng(0), 2, 76).inputs.shape == (76, 2, 1)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([], "too short"),
        ([1.0], "too short"),
        ([1.0, 2.0, 3.0] * 4, "give a longer series"),
        ([0.1] * 100, "does not change"),
        ([0.1] * 80 + [1.0, 2.0] * 10, "does not change"),
        ([1.0, 2.0] * 20 + [math.nan], "gaps"),
        ([1.0, 2.0] * 20 + [math.inf], "gaps"),
        ([1e308, -1e308] * 20, "so much in size"),
        ([0.0] * 30 + [1.4e154] + [0.0] * 20, "so much in size"),
        ([1e-9, 2e-9] * 20 + [1e300], "so much in size"),
    ],
)
def test_series_that_cannot_be_learnt_are_refused(values: list[float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        own(values)


@given(st.lists(st.floats(), max_size=60))
def test_any_numbers_are_learnt_or_refused(values: list[float]) -> None:
    try:
        task = own(values)
    except ValueError as refusal:
        sentence = str(refusal)
    else:
        sentence = "Fine."
        assert torch.isfinite(task.validation(8).inputs).all()
        assert math.isfinite(task.naive_rmse)
        assert task.name == "price"
    assert sentence.endswith(".")


def test_the_stock_prices_are_those_that_plotly_bundles():
    import plotly.data

    table = plotly.data.stocks(return_type="pandas")
    for stock in STOCKS:
        task = make_task(SeriesConfig("stocks", stock=stock), TrainConfig(sequence_length=16))
        np.testing.assert_array_equal(task.values, table[stock])
    assert task.x == [str(date)[:10] for date in table["date"]]
