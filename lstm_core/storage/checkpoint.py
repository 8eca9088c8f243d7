"""Checkpoint: all that a run goes on from, and its bytes.

One safetensors blob holds the tensors; its metadata holds the rest, as JSON. Nothing in it is ever executed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import safetensors
import safetensors.numpy
import safetensors.torch
from torch import Tensor

from lstm_core.experiments.configs import SubjectConfig
from lstm_core.serialization.reader import Reader
from lstm_core.serialization.tree_codec import flatten, from_json, to_json, unflatten
from lstm_core.storage.config_codec import subject_from_plain, to_plain
from lstm_core.training.snapshots import Snapshot, read_snapshot

FORMAT = 1
LONGEST_HEADER = 100_000_000  # bytes, as in the safetensors format


@dataclass(frozen=True)
class Saved:
    """All that a run goes on from, bit for bit.

    config: with the live settings as they are now. state: of the subject, a tree as reader.py describes it;
    {} of a run that has no network yet. snapshots: of the time machine, of a single network only; they are
    kept apart because each has to be written only once. steps: that the run has taken in all. generation:
    how many times it was given other networks. origin: what a run that branched off goes back to on Reset, a
    tree; None of others.
    """

    config: SubjectConfig
    state: dict[str, Any] = field(repr=False)
    playing: bool = True
    snapshots: tuple[Snapshot, ...] = field(default=(), repr=False)
    steps: int = 0
    generation: int = 0
    origin: dict[str, Any] | None = field(default=None, repr=False)


def to_bytes(saved: Saved) -> bytes:
    """One blob, without the snapshots."""
    plain, tensors = flatten(to_tree(saved))
    return _blob({"format": FORMAT, "config": to_plain(saved.config), "run": plain}, tensors)


def from_bytes(data: bytes) -> Saved:
    """What `to_bytes` was given, without snapshots. Raises ValueError, one sentence, for anything else."""
    document, tensors = _opened(data)
    check_format(document.take("format"))
    config = subject_from_plain(document.take("config"))
    tree = unflatten(document.take("run"), tensors)
    document.end()
    return from_tree(config, tree)


def snapshot_to_bytes(snapshot: Snapshot) -> bytes:
    """One blob for a moment of the time machine."""
    plain, tensors = flatten(snapshot.tree())
    return _blob({"format": FORMAT, "snapshot": plain}, tensors)


def snapshot_from_bytes(data: bytes) -> Snapshot:
    """What `snapshot_to_bytes` was given. Raises ValueError, one sentence, for anything else."""
    document, tensors = _opened(data)
    check_format(document.take("format"))
    tree = unflatten(document.take("snapshot"), tensors)
    document.end()
    return read_snapshot(tree)


def pack(saved: Saved) -> tuple[bytes, list[bytes]]:
    """All of it in blobs, the snapshots too."""
    return to_bytes(saved), [snapshot_to_bytes(one) for one in saved.snapshots]


def unpack(packed: tuple[bytes, list[bytes]]) -> Saved:
    """What `pack` was given. Raises ValueError, one sentence, for anything else."""
    saved, snapshots = packed
    return replace(from_bytes(saved), snapshots=tuple(snapshot_from_bytes(one) for one in snapshots))


def to_tree(saved: Saved) -> dict[str, Any]:
    """All of it but the config and the snapshots."""
    return {
        "state": saved.state,
        "playing": saved.playing,
        "steps": saved.steps,
        "generation": saved.generation,
        "origin": saved.origin,
    }


def from_tree(config: SubjectConfig, tree: Any) -> Saved:
    """What `to_tree` was given. The subject's own state is looked at by the subject that loads it.

    Raises ValueError.
    """
    reader = Reader(tree, "saved run")
    state, playing, origin = reader.take("state"), reader.take("playing"), reader.take("origin")
    steps, generation = reader.count("steps"), reader.count("generation")
    reader.end()
    if not isinstance(state, dict) or not isinstance(playing, bool) or not isinstance(origin, dict | None):
        raise ValueError("state, playing or origin of the saved run is of the wrong type.")
    return Saved(config, state, playing, (), steps, generation, origin)


def check_format(number: object) -> None:
    """Raises ValueError for the number of a format that is not read here."""
    if number != FORMAT or isinstance(number, bool):
        raise ValueError(f"it has format {str(number)[:20]}, and format {FORMAT} is read here.")


def header_of(data: bytes) -> dict[str, Any]:
    """The JSON header of a safetensors blob, its length checked first. Raises ValueError."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(len(data) - 8, LONGEST_HEADER):
        raise ValueError("its tensors are cut off, or it is no safetensors file.")
    header = from_json(bytes(data[8 : 8 + length]))
    if not isinstance(header, dict):
        raise ValueError("the header of its tensors is not a table.")
    return header


def read_tensors(data: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors blob whose header was looked at. Raises ValueError."""
    try:
        return safetensors.torch.load(bytes(data))
    except (
        safetensors.SafetensorError,
        KeyError,
        TypeError,
        AssertionError,
        RuntimeError,
        ValueError,
    ) as error:
        raise ValueError(f"its tensors cannot be read: {str(error)[:100]}.") from None


def _blob(document: dict[str, Any], tensors: dict[str, Tensor]) -> bytes:
    # the same bytes as those of safetensors.torch, which takes four times as long
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    return safetensors.numpy.save(arrays, {"run": to_json(document)})


def _opened(data: bytes) -> tuple[Reader, dict[str, Tensor]]:
    metadata = header_of(data).get("__metadata__")
    text = metadata.get("run") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ValueError("it says nothing of the run that its tensors belong to.")
    return Reader(from_json(text), "saved run"), read_tensors(data)
