"""The file that somebody takes home: a run as a zip of exactly run.json and run.safetensors.

run.json has the settings and all that is no tensor; run.safetensors the weights, what Adam remembers, and the
losses. The time machine's snapshots stay behind. A file may come from anybody: everything in it is checked
before it is used, nothing of it is ever executed, and no more of it is read than a run can need.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import safetensors.torch
import torch

from lstm_core.config import TEXT_LIMIT
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.configs import without_past
from lstm_core.serialization.json_size import outside_strings
from lstm_core.serialization.reader import Reader
from lstm_core.serialization.tree_codec import flatten, from_json, to_json, unflatten
from lstm_core.storage.bounded_zip import open_zip
from lstm_core.storage.checkpoint import (
    FORMAT,
    Saved,
    check_format,
    from_tree,
    header_of,
    read_tensors,
    to_tree,
)
from lstm_core.storage.config_codec import subject_from_plain, to_plain
from lstm_core.storage.memory_estimate import check_size, footprint
from lstm_core.storage.restore import restored
from lstm_core.tasks.text import LONGEST_TEXT
from lstm_core.tasks.upload import MOST_ROWS

JSON, TENSORS = "run.json", "run.safetensors"
LONGEST_JSON = 32_000_000  # bytes; two own texts fit
MOST_COMMAS, MOST_TABLES = 100_000, 20_000  # in it, outside of texts
COPIES = 12  # numbers for each parameter, at most: three times itself and its moments, and a snapshot
RECORDS = 8_000_000  # bytes of losses over steps and the like, at most
LONGEST_TENSOR_HEADER = 1_000_000  # bytes
LONGEST_SENTENCE = 400  # characters
DATE = (1980, 1, 1, 0, 0, 0)  # equal runs give equal files


def pack_run(saved: Saved) -> bytes:
    """The file of a run, without its snapshots."""
    plain, tensors = flatten(to_tree(saved))
    document = {"format": FORMAT, "config": to_plain(without_past(saved.config)), "run": plain}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        settings, weights = (zipfile.ZipInfo(name, DATE) for name in (JSON, TENSORS))
        settings.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(settings, to_json(document))
        archive.writestr(weights, safetensors.torch.save(tensors))
    return file.getvalue()


def unpack_run(data: bytes, limits: Limits) -> Saved:
    """The run in a file that `pack_run` made, or that somebody made to look like one.

    Raises ValueError, one sentence for the page, for anything else, and for a run too large for `limits`.
    """
    try:
        return _unpack(data, limits)
    except ValueError as error:
        # it may quote the file
        printable = "".join(
            sign if sign.isprintable() else " " for sign in str(error)[: LONGEST_SENTENCE + 1]
        )
        reason = " ".join(printable.split()).removesuffix(".")
        if len(str(error)) > LONGEST_SENTENCE:
            reason += "…"
        raise ValueError(f"This file cannot be used as a run: {reason}.") from None


def _unpack(data: bytes, limits: Limits) -> Saved:
    if len(data) > limits.upload_mb * 1e6:
        raise ValueError(f"it has {len(data) / 1e6:,.0f} MB, and at most {limits.upload_mb:,} MB fit")
    with open_zip(data, (JSON, TENSORS)) as archive:
        document = Reader(_settings(archive.read(JSON, LONGEST_JSON)), JSON)
        check_format(document.take("format"))
        plain = document.take("config")
        _check_lengths(plain)
        config = without_past(subject_from_plain(plain))
        check_size(config, limits)
        blob = archive.read(TENSORS, 4 * COPIES * footprint(config).parameters + RECORDS)
    if int.from_bytes(blob[:8], "little") > LONGEST_TENSOR_HEADER:
        raise ValueError("the header of its tensors is too long")
    header_of(blob)
    saved = from_tree(config, unflatten(document.take("run"), read_tensors(blob)))
    document.end()
    _check_weights(saved)
    return saved


def _settings(data: bytes) -> Any:
    """The JSON value; before it is built, what it is built of is counted, since it takes more room than its
    text.
    """
    commas, tables = outside_strings(data)
    if commas > MOST_COMMAS or tables > MOST_TABLES:
        raise ValueError(f"{JSON} has more values than a run can need")
    try:
        text = data.decode()  # not in an encoding that the bytes suggest, in which they were not counted
    except UnicodeDecodeError:
        raise ValueError(f"{JSON} is not in UTF-8") from None
    return from_json(text)


def _check_lengths(plain: Any) -> None:
    """Texts and lists in the settings are as long as the pages let them be, at most."""
    if isinstance(plain, dict):
        for name, value in plain.items():
            longest = LONGEST_TEXT if name == "text" else TEXT_LIMIT
            if isinstance(value, str) and len(value) > longest:
                raise ValueError(f"{name[:40]} has {len(value):,} characters, and at most {longest:,} fit")
            if isinstance(value, list) and len(value) > MOST_ROWS:
                raise ValueError(f"{name[:40]} has {len(value):,} values, and at most {MOST_ROWS:,} fit")
            if isinstance(value, dict):
                _check_lengths(value)


def _check_weights(saved: Saved) -> None:
    """A subject of these settings takes the state, and there is no NaN and no infinity in its weights."""
    restored(saved, saved.config)
    for tree in (saved.state, saved.origin):
        _check_finite(tree)


def _check_finite(tree: Any) -> None:
    """All tensors of a tree are weights, or what Adam remembers of them; records are arrays."""
    if isinstance(tree, torch.Tensor) and tree.is_floating_point() and not bool(tree.isfinite().all()):
        raise ValueError("some of its weights are not finite numbers")
    if isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            _check_finite(value)
