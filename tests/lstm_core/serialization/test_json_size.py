"""What a JSON text would build is counted right, and in a time that does not depend on what stands there."""

import json
import random
import signal
import tracemalloc

import pytest

from lstm_core.serialization import json_size
from lstm_core.serialization.json_size import outside_strings

LONG = 32_000_000  # bytes, as long as the settings of a file may be


def one_by_one(data):
    """The same as `outside_strings`, a character at a time."""
    commas = tables = 0
    inside = escaped = False
    for sign in data.decode():
        if sign == '"' and not escaped:
            inside = not inside
        elif not inside:
            commas += sign == ","
            tables += sign in "[{"
        escaped = sign == "\\" and not escaped
    return commas, tables


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 65_536])
def test_it_counts_what_is_outside_of_strings_wherever_a_piece_ends(monkeypatch, piece):
    monkeypatch.setattr(json_size, "PIECE", piece)
    dice = random.Random(piece)
    for _ in range(500):
        data = "".join(dice.choices('\\",[{}a:é', k=dice.randrange(60))).encode()
        assert outside_strings(data) == one_by_one(data), data


def test_texts_in_a_document_are_not_counted():
    text = 'a, [b] {c} \\ "d" \\\\" ,,,'
    for ascii_only in (True, False):
        data = json.dumps({"text": text, "more": [1, 2, {text: text}]}, ensure_ascii=ascii_only).encode()
        assert outside_strings(data) == (3, 3)


@pytest.mark.parametrize("unit", ['"', "\\", '\\"', '",', '"",', '"\\\\', ",", '\\"""'])
def test_no_text_takes_long_or_much_room(unit):
    """An expression that looks again from every quote on would be at it for hours: 60 seconds of the
    processor's time are a hundred times what is needed.
    """

    def stop(number, frame):
        raise AssertionError("it takes for ever")

    data = (unit * (LONG // len(unit))).encode()
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    try:
        outside_strings(data)
        part = data[: LONG // 4]
        tracemalloc.start()
        outside_strings(part)
        assert tracemalloc.get_traced_memory()[1] < 64 * json_size.PIECE
    finally:
        tracemalloc.stop()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
