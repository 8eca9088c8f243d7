"""What was saved and taken home with the program of November 2026 is still opened, and goes on with the same
losses as then.

fixtures/saved-2026-11.tar.xz has a folder of saved runs, `runs/`, a file of each to take home, `{name}.zip`,
and `expected.json`: name → run id, the steps of its snapshots, and the losses of its next three steps. Where
the format of what is saved changes on purpose, keep this archive and its test, and add one that is made by

    python -m tests.lstm_core.storage.test_old_files ARCHIVE.tar.xz
"""

import hashlib
import json
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest

from lstm_core.config import Hands, Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig, View
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.configs import AblationConfig, PairConfig, RaceConfig
from lstm_core.runtime.run import Run
from lstm_core.storage.archive import pack_run, unpack_run
from lstm_core.storage.restore import restored
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store
from tests.lstm_core.saving import losses, trained

ARCHIVE = Path(__file__).parent / "fixtures" / "saved-2026-11.tar.xz"
NAMES = ("text", "series", "race", "ablation", "pair", "branch")
STEPS = 3


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The folder of what was saved, and what is expected of it."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder)
    return folder, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def goes_on(saved, expected):
    subject, _ = restored(saved, saved.config)
    # another processor rounds differently
    np.testing.assert_allclose(losses(subject, STEPS), expected["losses"], rtol=1e-5)


def test_all_of_them_are_there(old):
    assert sorted(old[1]) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_run_goes_on_as_it_would_have(old, name):
    folder, expected = old
    saved, trouble = RunFiles(Store(folder / "runs")).read(expected[name]["run"])
    assert trouble == ""
    assert [snapshot.step for snapshot in saved.snapshots] == expected[name]["snapshots"]
    goes_on(saved, expected[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_taken_home_goes_on_as_the_run_would_have(old, name):
    folder, expected = old
    goes_on(unpack_run((folder / f"{name}.zip").read_bytes(), Limits()), expected[name])


def examples():
    """A trained run of every kind, with little of everything."""
    text = RunConfig(
        TextConfig("own", text="the cat sat on the mat. " * 20),
        ModelConfig(hidden_size=6, embedding_size=3),
        TrainConfig(sequence_length=6),
        Knobs(batch_size=2),
    )
    series = RunConfig(
        SeriesConfig(),
        ModelConfig(cell="gru", hidden_size=6, num_layers=2),
        TrainConfig(sequence_length=8),
        Knobs(batch_size=2),
        View(unit=3, temperature=0.5),
        Hands(z=0.5),
    )
    configs = {
        "text": text,
        "series": series,
        "race": RaceConfig(hidden_size=4),
        "ablation": AblationConfig(hidden_size=4),
        "pair": PairConfig(text.task, text.model, text.train, text.knobs, differs="model.cell", value="gru"),
    }
    runs = {name: trained(config, 12) for name, config in configs.items()}
    branch = runs["text"].branch(5)
    runs["branch"] = Run(branch.config, branch=branch)
    losses(runs["branch"].build(), 4)
    return runs


def write(target):
    """Save them with the program as it is now, and note how they go on."""
    expected = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, run in examples().items():
            saved, run_id = run.save(), hashlib.sha256(name.encode()).hexdigest()[:32]
            RunFiles(Store(folder / "runs")).write(run_id, saved)
            (folder / f"{name}.zip").write_bytes(pack_run(saved))
            expected[name] = {
                "run": run_id,
                "snapshots": [snapshot.step for snapshot in saved.snapshots],
                "losses": losses(run.subject, STEPS),
            }
        (folder / "expected.json").write_text(json.dumps(expected, indent=1), encoding="utf-8")
        with tarfile.open(target, "w:xz") as archive:
            for path in sorted(folder.iterdir()):
                archive.add(path, path.name)


if __name__ == "__main__":
    write(sys.argv[1])
