"""Files that somebody has damaged or forged: made from a good one, at random but the same every time."""

import io
import json
import random
import struct
import warnings
import zipfile

from lstm_core.storage.archive import JSON, TENSORS

ODD = [
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**64, 10**40, -(10**40), 0.0, -0.5, 1e308, -1e-308, 3),
    *("", "0", "a" * 5000, "\ud83d", "nan", "tensor", "lstm", "gru", "model.cell", "\n"),
    *([], [0], [[]], [0] * 300, {}, {"$": 1}, {"$": []}, {"$": ["float", "nan"]}, {"$": ["float", "inf"]}),
    *({"$": ["float", "-inf"]}, {"$": ["tensor", "0"]}, {"$": ["array", "0"]}, {"$": ["array", "3"]}),
    *({"$": "tensor"}, {"": 0}, {"type": "Knobs"}, {"type": "View"}, {"type": "RunConfig"}),
]


def opened(data):
    """The two members of a good file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(JSON), archive.read(TENSORS)


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    """A zip of (name, data) pairs, which may have equal names."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as archive:
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def mutants(data, count, seed=0):
    """(what was done, file) of so many damaged files."""
    dice = random.Random(seed)
    settings, tensors = opened(data)
    kinds = [_flipped, _cut, _patched, _members, *[_settings] * 5, *[_tensors] * 4, _inner_bits]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield kind(dice, data, settings, tensors)


def _flip(dice, data, most=8):
    data = bytearray(data)
    for _ in range(dice.randint(1, most)):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(data)


def _flipped(dice, data, settings, tensors):
    # most of it is weights, and checksums find what is wrong with those: flip where the structure is
    ends = dice.choice([data[:300], data[-250:]])
    place = data.rindex(ends)
    return "bits of the zip", data[:place] + _flip(dice, ends) + data[place + len(ends) :]


def _cut(dice, data, settings, tensors):
    start, end = sorted(dice.choices(range(len(data)), k=2))
    return "a stretch", dice.choice(
        [data[:start], data[start:], data[:start] + data[end:], data[:end] + data[start:], data[:start] * 2]
    )


def _patched(dice, data, settings, tensors):
    """Sizes, flags, methods and offsets in the directory."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        mark = dice.choice([b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"])
        places = [place for place in range(len(data) - 4) if data[place : place + 4] == mark]
        place = dice.choice(places) + 4 + 2 * dice.randrange(21)
        value = dice.choice([0, 1, 8, 9, 12, 14, 99, 0xFFFF, dice.randrange(2**16)])
        data[place : place + 2] = struct.pack("<H", value)
    return "fields of the zip", bytes(data)


def _members(dice, data, settings, tensors):
    good = [(JSON, settings), (TENSORS, tensors)]
    games = [
        [*good, (JSON, settings)],
        [*good, ("more.txt", b"")],
        [*good, ("../../run.json", settings)],
        good[:1],
        good[1:],
        [],
        [(JSON, tensors), (TENSORS, settings)],
        [(JSON.upper(), settings), good[1]],
        [("x/" + JSON, settings), good[1]],
        [good[0], (TENSORS, b"\0" * 9_000_000)],
        [(JSON, b" " * 3_000_000), good[1]],
        [(JSON, b"[" * 100_000), good[1]],
        [(JSON, b"[" + b"[],," * 30_000), good[1]],
        [(JSON, b'{"a":' * 900 + b"1" + b"}" * 900), good[1]],
        [(JSON, b'"' + b"a" * 3_000_000 + b'"'), good[1]],
    ]
    number = dice.randrange(len(games))
    return f"members {number}", zipped(*games[number])


def _settings(dice, data, settings, tensors):
    """One to three values of the JSON, anywhere in the tree, are others, gone, doubled or moved."""
    document = json.loads(settings)
    told = []
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        place, key = dice.choice(list(_places(document)))
        what = dice.choice(["odd", "odd", "odd", "gone", "more", "other", "near"])
        told.append(f"{key} {what}")
        value = place[key]
        if what == "gone":
            del place[key]
        elif what == "more" and isinstance(place, dict):
            place[dice.choice(["extra", "", "$", "$x", "type"])] = dice.choice(ODD)
        elif what == "other":
            other, name = dice.choice(list(_places(document)))
            place[key] = other[name]
        elif what == "near" and isinstance(value, int | float) and not isinstance(value, bool):
            place[key] = dice.choice([value + 1, value - 1, -value, value * 2, value * 1e9, float(value)])
        else:
            place[key] = dice.choice(ODD)
        try:
            document = json.loads(json.dumps(document))  # nothing is in two places
        except (ValueError, RecursionError):
            document = json.loads(settings)
    return f"settings: {', '.join(told)}", zipped((JSON, json.dumps(document)), (TENSORS, tensors))


def _places(value):
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _tensors(dice, data, settings, tensors):
    """The header of the tensors, its length, or some of their numbers."""
    length = int.from_bytes(tensors[:8], "little")
    header, body = json.loads(tensors[8 : 8 + length]), bytearray(tensors[8 + length :])
    names = [name for name in header if name != "__metadata__"]
    name = dice.choice(names)
    entry = header[name]
    what = dice.choice(["numbers", "numbers", "dtype", "shape", "offsets", "names", "length", "odd", "body"])
    if what == "numbers":  # of one tensor
        start, end = entry["data_offsets"]
        size = 4 if entry["dtype"] == "F32" else 8
        wild = [float("nan"), float("inf"), -float("inf"), 1e38, -1e38, -1.0, 0.0, 1e-45, 5e5, 1e9]
        for place in range(start, end - size + 1, size * dice.choice([1, 3, 7])):
            body[place : place + size] = struct.pack("<f" if size == 4 else "<d", dice.choice(wild))
    elif what == "dtype":
        entry["dtype"] = dice.choice(["F16", "F64", "I64", "I32", "BOOL", "U8", "BF16", "F4", "", "C64", 3])
    elif what == "shape":
        entry["shape"] = dice.choice(
            [[], [0], [-1], entry["shape"][::-1], [*entry["shape"], 1], [2**62, 4], "x"]
        )
    elif what == "offsets":
        start, end = entry["data_offsets"]
        entry["data_offsets"] = dice.choice(
            [[end, start], [start, end + 4], [0, 2**63], [0, end], [start], None]
        )
    elif what == "names":
        header[dice.choice(["0", "99", "", "__metadata__", *names])] = header.pop(name)
    elif what == "odd":
        header[name] = dice.choice(ODD)
    elif what == "body":
        body = body[: dice.randrange(len(body))] + b"\0" * dice.choice([0, 0, 5_000])
    text = json.dumps(header).encode(errors="replace")
    claimed = dice.choice([0, length - 1, length + 1, 2**40, 2**64 - 1]) if what == "length" else len(text)
    blob = claimed.to_bytes(8, "little") + text + bytes(body)
    return f"tensors: {what} of {name}", zipped((JSON, settings), (TENSORS, blob))


def _inner_bits(dice, data, settings, tensors):
    if dice.random() < 0.5:
        return "bits of the JSON", zipped((JSON, _flip(dice, settings, 3)), (TENSORS, tensors))
    return "bits of the tensors", zipped((JSON, settings), (TENSORS, _flip(dice, tensors)))
