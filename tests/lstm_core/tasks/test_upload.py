"""Uploads: encodings, tables, gaps, and what is refused."""

import codecs
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lstm_core.tasks.upload import Table, decode_text, read_table

printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)


def table(lines: list[str]) -> Table:
    return read_table("\n".join(lines).encode())


def rising(count: int = 30, start: int = 0) -> list[str]:
    return [str(number) for number in range(start, start + count)]


# text


@given(printable, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_is_read_exactly(text: str, encoding: str) -> None:
    assume(text.strip() and not text.startswith("\ufeff"))
    got, note = decode_text(text.encode(encoding))
    assert got == text
    assert ("UTF" in note) == (encoding in ("utf-16", "utf-32"))


def test_utf_16_of_either_order() -> None:
    text = "Hello there, wörld."
    assert decode_text(codecs.BOM_UTF16_BE + text.encode("utf-16-be"))[0] == text
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decode_text(text.encode(encoding))[0] == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße aus München, schöne Straße.", "cp1252"),
        ("Le café est déjà fermé à midi. Voilà l'été!", "cp1252"),
        ("Привет, мир! Как дела сегодня? Всё хорошо.", "cp1251"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Καλημέρα κόσμε, τι κάνεις σήμερα;", "cp1253"),
        ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", "cp932"),
        ("你好，世界。今天天气很好，我们去公园。", "gb18030"),
    ],
)
def test_old_encodings_are_guessed_and_named(text: str, encoding: str) -> None:
    for repeated in (text, "plain\n" * 30_000 + text):
        got, note = decode_text(repeated.encode(encoding))
        assert got == repeated
        assert "guess" in note


def test_a_little_damage_is_not_another_encoding() -> None:
    got, note = decode_text("schöne Grüße ".encode() * 50 + b"\xff" + b" Ende")
    assert got.startswith("schöne Grüße")
    assert "1 damaged" in note


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_a_sentence(data: bytes) -> None:
    for read in (decode_text, read_table):
        error: Exception = ValueError("Fine.")
        try:
            read(data)
        except ValueError as refusal:
            error = refusal
        assert type(error) is ValueError
        assert str(error).endswith(".")


@pytest.mark.parametrize("start", [b"%PDF-1.4\n", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
def test_binary_files_are_refused(start: bytes) -> None:
    data = start + np.random.default_rng(0).bytes(5_000)
    with pytest.raises(ValueError, match="not plain text"):
        decode_text(data)


@pytest.mark.parametrize("data", [b"", b" \n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_empty_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="empty"):
        decode_text(data)


def test_large_files_are_refused() -> None:
    assert len(decode_text(b"a" * 2_000_000)[0]) == 2_000_000
    with pytest.raises(ValueError, match=r"2\.1 MB and at most 2 MB"):
        decode_text(b"a" * 2_100_000)
    with pytest.raises(ValueError, match="at most 32 MB"):
        read_table(b"1\n" * 16_000_001)


# tables


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=20, max_size=60),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_finite_numbers_come_back_exactly(
    values: list[float], separator: str, header: bool, newline: str
) -> None:
    assume(min(values) != max(values))
    lines = [f"{number}{separator}{value!r}" for number, value in enumerate(values)]
    if header:
        lines.insert(0, f"time{separator}price")
    read = read_table(newline.join(lines).encode())
    time, price = ("time", "price") if header else ("column 1", "column 2")
    assert read.columns[time] == tuple(float(number) for number in range(len(values)))
    assert read.columns[price] == tuple(values)
    assert read.notes == ()


def test_one_column_needs_no_separator() -> None:
    assert table(rising()).columns == {"value": tuple(map(float, range(30)))}
    assert list(table(["price", *rising()]).columns) == ["price"]


def test_decimal_commas() -> None:
    read = table(["t;wert", *(f"{number},5;-0,{number}" for number in range(10, 40))])
    assert read.columns["t"][:2] == (10.5, 11.5)
    assert read.columns["wert"][0] == -0.1
    thousands = table(["a;b", *(f"1.{number}.000,5;{number}" for number in range(100, 130))])
    assert thousands.columns["a"][0] == 1_100_000.5


def test_semicolons_with_decimal_points() -> None:
    assert table(["t;v", *(f"{number}.5;2.{number}" for number in range(30))]).columns["t"][1] == 1.5


def test_quoted_cells_and_names() -> None:
    read = table(['"last, first","x"', *(f'"a, b",{number}' for number in range(30))])
    assert list(read.columns) == ["x"]


def test_dates_and_words_are_not_columns() -> None:
    lines = [f"2020-01-{1 + number % 28:02d},12:{number:02d},x{number},{number},True" for number in range(40)]
    assert list(table(["date,time,word,count,flag", *lines]).columns) == ["count"]
    german = [f"{1 + number % 28:02d}.01.2020;{number},5" for number in range(40)]
    assert list(table(["datum;wert", *german]).columns) == ["wert"]


def test_gaps_are_filled_and_said() -> None:
    values = rising(40)
    values[0] = "NA"
    values[10] = values[11] = ""
    values[20] = "oops"
    values[30] = "inf"
    values[39] = "-inf"
    read = table(["t,price", *(f"{number},{value}" for number, value in enumerate(values))])
    assert read.columns["price"] == (1.0, *map(float, range(1, 39)), 38.0)
    assert read.notes == ("6 gaps in “price” were filled by straight lines between their neighbours.",)


def test_columns_that_are_mostly_gaps_are_left_out() -> None:
    lines = [f"{number},{number if number % 3 == 0 else ''}" for number in range(60)]
    assert list(table(["a,b", *lines]).columns) == ["a"]


def test_gaps_between_enormous_numbers() -> None:
    values = ["1e308", "", "-1e308"] * 20
    read = table(["t,v", *(f"{number},{value}" for number, value in enumerate(values))])
    assert all(math.isfinite(value) for value in read.columns["v"])


def test_constant_columns_are_left_out_and_said() -> None:
    read = table(["a,b", *(f"{number},7" for number in range(30))])
    assert list(read.columns) == ["a"]
    assert "“b”" in read.notes[0]
    with pytest.raises(ValueError, match=r"“b”.*nothing to learn"):
        table(["b", *["7"] * 30])


def test_long_tables_are_thinned_evenly() -> None:
    read = table(["t", *rising(50_001)])
    assert len(read.columns["t"]) == 16_667
    assert read.columns["t"][:3] == (0.0, 3.0, 6.0)
    assert "50,001" in read.notes[0]
    assert len(table(rising(20_000)).columns["value"]) == 20_000


def test_wide_tables_are_cut() -> None:
    read = table([",".join(str(row * column + row) for column in range(80)) for row in range(25)])
    assert len(read.columns) == 50
    assert "50 columns" in read.notes[0]


def test_names_are_unique_short_and_never_empty() -> None:
    header = ["x", " x ", "", "y" * 200, "y" * 200, "x (2)"]
    read = table([",".join(header), *(",".join([str(number)] * 6) for number in range(25))])
    names = list(read.columns)
    assert names[:3] == ["x", "x (2)", "column 3"]
    assert len(set(names)) == 6
    assert all(0 < len(name) <= 60 and name == name.strip() for name in names)


@given(st.lists(st.text(max_size=80), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_any_header_gives_usable_names(cells: list[str], separator: str) -> None:
    lines = [separator.join([str(number)] * len(cells)) for number in range(30)]
    try:
        read = read_table("\n".join([separator.join(cells), *lines]).encode("utf-8", "replace"))
    except ValueError:
        return
    assert all(0 < len(name) <= 60 for name in read.columns)
    assert len({len(values) for values in read.columns.values()}) == 1


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (["price", *rising(19)], "19 rows.*20"),
        (["city,colour", *["Rome,red"] * 30], "“city”, “colour”"),
        (["only a sentence"], "rows"),
    ],
)
def test_tables_that_cannot_be_learnt_are_refused(lines: list[str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        table(lines)


def test_ragged_rows_and_open_quotes_do_not_crash() -> None:
    lines = [f"{number},{number}" for number in range(40)]
    assert len(table([*lines, "1,2,3,4,5", "7"]).columns["column 1"]) >= 40
    assert len(table([*lines[:20], '"unclosed,3', *lines[20:]]).columns["column 1"]) >= 40
    trailing = table([f"{number},{number + 1}," for number in range(30)])
    assert list(trailing.columns) == ["column 1", "column 2"]


def test_lines_that_made_no_row_are_counted() -> None:
    lines = [f"{number},{number}" for number in range(60)]
    assert not table(["a,b", *lines, "", "  "]).notes
    swallowed = table(["a,b", *lines[:30], '30,"30', *lines[31:50], '50"', *lines[51:]])
    assert len(swallowed.columns["a"]) == 40
    assert any("20 of the file's lines" in note for note in swallowed.notes)
