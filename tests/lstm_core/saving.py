"""What the tests of saved runs share: a run brought to a step, saved, and brought back from its bytes."""

import numpy as np

from lstm_core.runtime.run import Run
from lstm_core.storage.checkpoint import pack, to_bytes, unpack
from tests.lstm_core.acting import Clock, go, make

TIMES = ("milliseconds", "seconds", "reached_seconds")  # of this machine, in frames
SINGLE = ("history",)  # of the time machine, which experiments do not have


def trained(config, steps, clock=None):
    """A run whose subject has taken so many steps."""
    run = Run(config, clock or Clock())
    subject = run.build()
    for _ in range(steps):
        subject.step()
    return run


def saves(count):
    """A run saved again and again as it goes on."""
    run, clock = make()
    found = []
    for _ in range(count):
        go(run, clock, 0.2)
        found.append(run.save())
    return found


def same(one, other):
    steps = [[snapshot.step for snapshot in saved.snapshots] for saved in (one, other)]
    return to_bytes(one) == to_bytes(other) and steps[0] == steps[1]


def through_bytes(saved):
    """As it comes back from a disk."""
    return unpack(pack(saved))


def change(run, kind, name, value):
    """One live setting of a run, at once."""
    run.post({"type": kind, "name": name, "value": value})
    run.read_inbox()


def brought_back(run, clock=None):
    """Another run that goes on from where this one is."""
    saved = through_bytes(run.save())
    other = Run(saved.config, clock or Clock(), saved=saved)
    other.build()
    return other


def losses(subject, steps):
    """The losses of all networks of a subject over its next steps, each a list of numbers."""
    found = []
    for _ in range(steps):
        subject.step()
        found.append(_losses(subject))
    return found


def same_losses(run, other, steps):
    """Whether two runs have the same losses over their next steps; those that are no numbers, too."""
    return np.array_equal(losses(run.subject, steps), losses(other.subject, steps), equal_nan=True)


def _losses(subject):
    if hasattr(subject, "trainer"):
        return [subject.trainer.loss]
    if hasattr(subject, "lanes"):
        return [lane.trainer.loss for lane in subject.lanes.values()]
    if hasattr(subject, "sides"):
        return [side.loss for side in subject.sides]
    return subject.losses.tolist()


def shown(subject):
    """A frame with every part made anew, but for times."""
    subject.wants = frozenset(("unit", "held"))
    for part in subject.parts:
        if part != "survey":
            subject.refresh(part)
    frame = subject.observe({})
    meta = {name: value for name, value in frame.meta.items() if name not in (*TIMES, *SINGLE)}
    meta["lanes"] = [
        {name: value for name, value in lane.items() if name not in TIMES} for lane in meta.get("lanes", [])
    ]
    arrays = {name: array for name, array in frame.arrays.items() if not name.endswith("_seconds")}
    return repr(meta), arrays | frame.heatmaps


def assert_same_frames(one, other):
    (meta, arrays), (other_meta, other_arrays) = shown(one), shown(other)
    assert meta == other_meta
    assert arrays.keys() == other_arrays.keys()
    for name, array in arrays.items():
        assert np.array_equal(array, other_arrays[name], equal_nan=True), name
