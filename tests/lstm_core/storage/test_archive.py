"""The file that somebody takes home: it goes on as the run would have, and no forged one does harm."""

import io
import json
import math
import resource
import struct
import zipfile
from dataclasses import replace

import pytest
import torch

from lstm_core.config import ModelConfig, RunConfig, SeriesConfig, TextConfig, View
from lstm_core.config.server_settings import Limits
from lstm_core.runtime.run import Run
from lstm_core.storage.archive import JSON, LONGEST_JSON, TENSORS, pack_run, unpack_run
from lstm_core.storage.checkpoint import to_bytes
from tests.amount import times
from tests.lstm_core.acting import CONFIG, SERIES, Clock
from tests.lstm_core.mutants import mutants, opened, zipped
from tests.lstm_core.saving import change, losses, same_losses, shown, trained
from tests.lstm_core.storage.test_checkpoint_experiments import EXPERIMENTS

LIMITS = Limits()


@pytest.fixture(scope="module")
def good():
    """A file, as somebody would take it home."""
    run = trained(CONFIG, 13)
    shown(run.subject)
    return pack_run(run.save())


def refused(data, words=r"\S", limits=LIMITS):
    with pytest.raises(ValueError, match=words) as error:
        unpack_run(data, limits)
    sentence = str(error.value)
    assert sentence.startswith("This file cannot be used as a run: ")
    assert sentence.isprintable()
    assert len(sentence) < 500
    return sentence


@pytest.mark.parametrize(
    "config", [CONFIG, SERIES, *EXPERIMENTS.values()], ids=["text", "series", *EXPERIMENTS]
)
def test_every_run_goes_on_from_its_file_as_it_would_have(config):
    run = trained(config, 13)
    shown(run.subject)
    data = pack_run(run.save())
    saved = unpack_run(data, LIMITS)
    assert pack_run(saved) == data
    other = Run(saved.config, Clock(), saved=saved)
    other.build()
    assert same_losses(run, other, 10)


def test_a_run_without_a_network_yet_and_one_that_branched_off_have_files_too():
    untrained = Run(CONFIG, Clock()).save()
    assert unpack_run(pack_run(untrained), LIMITS) == untrained
    branch = Run(CONFIG, Clock(), branch=trained(CONFIG, 30).branch(20))
    for _ in range(2):
        saved = unpack_run(pack_run(branch.save()), LIMITS)
        other = Run(saved.config, Clock(), saved=saved)
        assert losses(other.build(), 10) == losses(branch.build(), 10)


def test_the_file_holds_two_members_that_other_programs_can_read(good):
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        assert archive.namelist() == [JSON, TENSORS]
        assert archive.getinfo(TENSORS).compress_type == zipfile.ZIP_STORED
        assert json.loads(archive.read(JSON))["config"]["model"]["hidden_size"] == 6
    assert zipfile.ZipFile(io.BytesIO(zipped(*opened_members(good)))).testzip() is None
    unpack_run(zipped(*opened_members(good)), LIMITS)  # zipped anew, by another program


def opened_members(data):
    return list(zip((JSON, TENSORS), opened(data), strict=True))


def test_the_past_stays_behind():
    run = trained(CONFIG, 40)
    change(run, "view", "at", 10)
    saved = unpack_run(pack_run(run.save()), LIMITS)
    assert saved.snapshots == ()
    assert saved.config.view == View()


# what is refused


def test_what_is_no_zip_is_refused(good):
    for data in (b"", b"PK", b"hello" * 100, good[:-30], good[:50], to_bytes(trained(CONFIG, 1).save())):
        refused(data, "no zip file")


def test_other_members_are_refused(good):
    both = opened_members(good)
    settings, weights = both
    for members in ([], [settings], [weights], [*both, ("notes.txt", b"")], [*both, settings]):
        refused(zipped(*members), "once each and nothing else")
    refused(zipped(settings, ("../run.safetensors", weights[1])), "nothing else")
    refused(zipped(*both, compression=zipfile.ZIP_LZMA), "compressed in a way")
    encrypted = bytearray(good)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(mark) + place] |= 1
    refused(bytes(encrypted), "encrypted")


def crowded(count, size64=True):
    """A zip that lists the same empty member so many times, and how it ends."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, *[0] * 13, 0)
    entry = entry[:28] + struct.pack("<H", 1) + entry[30:] + b"a"
    size = count * len(entry)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, size, 1)
    shown = (0xFFFF, 0xFFFF, 0xFFFFFFFF) if size64 else (count % 2**16, count % 2**16, size)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *shown, 0, 0)
    return entry * count + (end64 + locator if size64 else b"") + end


def test_a_zip_of_many_members_is_refused_before_they_are_looked_at(monkeypatch):
    assert len(zipfile.ZipFile(io.BytesIO(crowded(400))).infolist()) == 400  # such a zip can be read
    monkeypatch.setattr(zipfile, "ZipFile", None)
    for data in (crowded(600_000), crowded(600_000, size64=False), crowded(400)):
        assert len(data) < 32_000_000
        refused(data, "nothing else")
    comment = bytearray(crowded(400)) + b"made by somebody"
    comment[-18:-16] = struct.pack("<H", 16)
    refused(bytes(comment), "nothing else")


def test_a_zip_with_a_comment_is_read_and_one_with_two_ends_is_not(good):
    file = io.BytesIO(good)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b"my first network"
    unpack_run(file.getvalue(), LIMITS)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = crowded(0, size64=False) + b"!"
    refused(file.getvalue(), "no zip file")


def test_the_larger_end_record_is_believed_only_where_everybody_looks_for_it(monkeypatch):
    monkeypatch.setattr(zipfile, "ZipFile", None)
    data = bytearray(crowded(400))
    data[-22 - 12 : -22 - 4] = struct.pack("<Q", 5)  # where it says that it begins
    refused(bytes(data), "no zip file")


def test_a_file_that_is_too_large_is_refused_at_once(good):
    refused(good + b"\0" * 2_000_000, "at most 1 MB fit", replace(LIMITS, upload_mb=1))


def test_a_bomb_is_not_unpacked(good):
    settings, weights = opened(good)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in (JSON, TENSORS):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(TENSORS if name == JSON else JSON, weights if name == JSON else settings)
            with archive.open(name, "w", force_zip64=True) as file:
                for _ in range(200):
                    file.write(b" " * 1_000_000)
        data = bomb.getvalue()
        assert len(data) < 2_000_000
        refused(data, "larger than such a run can be")
        # and the same one, which says that it is small
        entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
        liar = bytearray(data)
        liar[entry + 24 : entry + 28] = struct.pack("<I", 1000)
        refused(bytes(liar))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 100_000  # kilobytes


def test_json_that_would_unfold_into_much_more_is_refused(good):
    weights = opened(good)[1]
    for text in (b"[" + b"{}," * 10_000_000 + b"1]", b"[" + b"0," * 15_000_000 + b"0]"):
        assert len(text) < LONGEST_JSON
        refused(zipped((JSON, text), (TENSORS, weights)), "more values than a run can need")
    refused(zipped((JSON, b"[" * 19_000), (TENSORS, weights)), "nested|not JSON")


def test_json_is_counted_in_the_encoding_in_which_it_is_read(good):
    """In UTF-16, "∀" has a byte like a quote within its string, behind which all would count as a text."""
    weights = opened(good)[1]
    text = ('["∀",' + "[]," * 30_000 + "0]").encode("utf-16-le")
    refused(zipped((JSON, text), (TENSORS, weights)), "not in UTF-8|not JSON")


def with_settings(good, change):
    """The file, after `change` had its way with the JSON."""
    settings, weights = opened(good)
    document = json.loads(settings)
    change(document)
    return zipped((JSON, json.dumps(document)), (TENSORS, weights))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("format", 2, "format 2"),
        ("config.type", "Run", "no type of settings"),
        ("config.model.hidden_size", 7, "must be"),
        ("config.model.hidden_size", 10**9, "from 4 to 256"),
        ("config.model.cell", "gru", "must be|not the weights"),
        ("config.task.text", "a b " * 600_000, "2,400,000 characters, and at most 2,000,000 fit"),
        ("config.task.text", "aaaa", "nothing to predict"),
        ("config.view.prompt", "x" * 5_000, "at most 4,000 fit"),
        ("config.knobs.learning_rate", {"$": ["float", "nan"]}, r"\S"),
        ("run.steps", -1, "from 0"),
        ("run.steps", 10**300, "too large"),
        ("run.playing", "yes", "wrong type"),
        ("run.state", 5, "belongs nowhere"),
        ("run.state.training.now.step", 12, "optimizer has taken 13 steps"),
        ("run.state.training.now.loss", -1.0, "from 0"),
        ("run.state.training.losses.bucket", 0, "from 1"),
        ("run.state.training.now.rng.bit_generator", "MT19937", "PCG64"),
        ("run.state.training.now.rng.state.state", 2**128, "too large"),
        ("run.state.training.now.rng.state.inc", 2, "PCG64"),
        ("run.state.observer.rows.unit", 6, "from 0 to 5"),
    ],
)
def test_settings_and_records_that_cannot_be_are_refused(good, path, value, words):
    def change(document):
        *parts, last = path.split(".")
        for part in parts:
            document = document[part]
        assert last in document
        document[last] = value

    refused(with_settings(good, change), words)


def test_weights_that_are_no_numbers_are_refused():
    for parameter, value in (("weight", math.nan), ("bias", math.inf)):
        run = trained(CONFIG, 3)
        with torch.no_grad():
            getattr(run.subject.trainer.model.head, parameter).flatten()[0] = value
        refused(pack_run(run.save()), "not finite")
    for moment, value in (("exp_avg", math.nan), ("exp_avg_sq", math.inf), ("exp_avg_sq", -1.0)):
        run = trained(CONFIG, 3)
        trainer = run.subject.trainer
        next(iter(getattr(trainer.optimizer, moment).values()))[0, 0] = value
        refused(pack_run(run.save()), "not finite|negative")


def test_a_series_of_too_many_values_is_refused():
    config = RunConfig(SeriesConfig("own", values=(1.0, 2.0) * 10_001), SERIES.model, SERIES.train)
    refused(pack_run(Run(config, Clock()).save()), "20,002 values, and at most 20,000 fit")


def test_networks_that_are_too_large_are_refused_before_they_are_built(monkeypatch):
    monkeypatch.setattr("lstm_core.storage.archive.restored", None)
    large = RunConfig(TextConfig(level="words"), ModelConfig(hidden_size=256, num_layers=3))
    data = pack_run(replace(trained(CONFIG, 1).save(), config=large))
    refused(data, "parameters, and at most 1,000 fit", replace(LIMITS, parameters=1000))
    refused(data, "MB of memory", replace(LIMITS, run_mb=10))


def test_damaged_files_are_refused_or_train(good):
    count = times(200, 2000)
    before, counts = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, {"refused": 0, "trained": 0}
    for what, data in mutants(good, count):
        try:
            saved = unpack_run(data, LIMITS)
        except ValueError as error:
            sentence = str(error)
            assert sentence.isprintable(), what
            assert sentence.endswith("."), what
            assert len(sentence) < 500, what
            counts["refused"] += 1
            continue
        run = Run(saved.config, Clock(), saved=saved)
        subject = run.build()
        subject.step()
        subject.step()
        subject.observe({}).encode()
        counts["trained"] += 1
    assert counts["refused"] > 0.75 * count
    assert counts["trained"] > 0.01 * count  # where what was changed may be so
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kilobytes
