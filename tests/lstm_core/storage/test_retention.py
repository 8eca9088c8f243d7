"""Which saved runs are deleted: a flood of new ones does not push out those of others."""

import itertools

import pytest

from lstm_core.storage.retention import DAY, MANY_SAVES, SavedRun, expendable

NOW = 1000 * DAY
MB = 1_000_000


def runs(name, count, megabytes, days, saves=MANY_SAVES, begun=None):
    """So many runs, each used a little later than the one before, `days` ago."""
    used = NOW - days * DAY
    begun = used if begun is None else NOW - begun * DAY
    return [
        SavedRun(f"{name}{nth}", int(megabytes * MB), used + nth, begun + nth, saves) for nth in range(count)
    ]


def gone(*groups, kept=frozenset(), most=100):
    found = expendable(itertools.chain(*groups), kept, most * MB, 30, NOW)
    return [run.name for run in found]


def test_what_fits_stays_until_nobody_has_opened_it_for_long():
    assert gone(runs("old", 2, 1, 31), runs("new", 3, 1, 29)) == ["old0", "old1"]


def test_the_longest_unused_goes_first():
    assert gone(runs("a", 3, 20, 3), runs("b", 3, 20, 2)) == ["a0"]


def test_what_was_hardly_trained_goes_before_what_is_longer_unused():
    looked_at = runs("looked", 2, 20, 2, saves=MANY_SAVES - 1)
    assert gone(runs("a", 3, 20, 3), looked_at, most=90) == ["looked0"]


@pytest.mark.parametrize("days", [0.01, 2])
def test_a_flood_pushes_out_itself(days):
    """A class of last week and one of today, and ten times the room in new runs that nobody trains."""
    flood = runs("flood", 5000, 0.2, days, saves=2)
    deleted = gone(runs("week", 20, 2, 7), runs("today", 20, 2, 0.02), flood)
    assert len(deleted) == 5000 - 100
    assert all(name.startswith("flood") for name in deleted)


def test_a_flood_that_trains_gets_half_of_the_room():
    deleted = gone(runs("week", 25, 2, 7), runs("flood", 500, 1, 0.5))
    assert len(deleted) == 450
    assert all(name.startswith("flood") for name in deleted)


def test_older_runs_give_way_to_new_ones_up_to_half_of_the_room():
    assert gone(runs("week", 45, 2, 7), runs("new", 10, 2, 0.5)) == [f"week{nth}" for nth in range(5)]


def test_what_is_in_use_stays_and_takes_room():
    used = runs("used", 4, 20, 20, saves=1)
    assert gone(used, runs("a", 3, 20, 3), kept={run.name for run in used}) == ["a0", "a1"]
    assert gone(used, kept={run.name for run in used}, most=10) == []


def test_runs_of_which_nothing_was_noted_are_old_ones():
    unknown = [SavedRun(f"{nth}", 30 * MB, NOW - nth, 0.0, MANY_SAVES) for nth in range(4)]
    assert gone(unknown) == ["3"]
