"""Damaged copies of a file that was good: what disks, networks and attackers make of it."""

from __future__ import annotations

import io
import json
import random
import zipfile


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One damaged copy of a zip file of JSON and tensors."""
    way = rng.randrange(6)
    if way == 0:  # bits
        changed = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if way == 1:
        return data[: rng.randrange(len(data))]
    if way == 2:
        place = rng.randrange(len(data))
        return data[:place] + rng.randbytes(rng.randrange(200)) + data[place:]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    if way == 3:  # a whole zip around damaged content
        content = members[name]
        for _ in range(rng.randint(1, 6)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif way == 4:
        members[rng.choice(["../up", "/etc/x", "run.json2", name.upper()])] = members.pop(name)
    else:
        name = next((one for one in members if one.endswith(".json")), name)
        members[name] = bytearray(json.dumps(_changed(json.loads(members[name]), rng)).encode())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for member, content in members.items():
            archive.writestr(member, bytes(content))
    return target.getvalue()


def _changed(value: object, rng: random.Random) -> object:
    """A JSON value with something else somewhere in it."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        return [*value[:place], _changed(value[place], rng), *value[place + 1 :]]
    return rng.choice([None, -1, 0, 2**70, 1e308, "", "x", [], {}, True, "nan", {"$": ["float", "nan"]}])
