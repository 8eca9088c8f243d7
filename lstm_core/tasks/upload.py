"""What a user uploads: a text, or a table of numbers."""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lstm_core.tasks.encoding import decode_text

if TYPE_CHECKING:
    import pandas

__all__ = ["Table", "decode_text", "read_table"]

LONGEST_TABLE = 32_000_000  # bytes
MOST_ROWS = 20_000
FEWEST_ROWS = 20
MOST_COLUMNS = 50

_COLUMNS_READ = 200
_LINES_SEEN = 50  # that tell the separator and the header
_LONGEST_NAME = 60
_GAPS = frozenset(("", "-", "?", ".", "na", "n/a", "nan", "null", "none", "#n/a"))
_THOUSANDS = r"^\s*[-+]?\d{1,3}(\.\d{3})+(,\d+)?\s*$"

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Columns of numbers, name → values, all finite and of one length (20 to 20,000); and what was done."""

    columns: dict[str, tuple[float, ...]]
    notes: tuple[str, ...]


def read_table(data: bytes) -> Table:
    """The columns of a CSV file that are mostly numbers, with their gaps filled.

    Separators may be commas, semicolons or tabs, decimals a comma if the separator is not one, and the first
    line names or not. What is not a finite number is a gap and is filled by a straight line between its
    neighbours. Of more than 20,000 rows every k-th is kept, of more than 50 columns the first 50.
    Raises ValueError, one sentence, if the file is not text, larger than 32 MB, shorter than 20 rows, or has
    no column of numbers that change.
    """
    text, note = decode_text(data, LONGEST_TABLE)
    notes = [note] if note else []
    raw, names, left_out = _parse(text)
    if left_out:
        notes.append(
            f"{left_out:,} of the file's lines made no row of their own: most likely a quotation mark in or "
            "before them is never closed."
        )
    if len(raw) < FEWEST_ROWS:
        raise ValueError(
            f"The table has {len(raw)} rows of values and at least {FEWEST_ROWS} are needed: add rows."
        )

    columns: dict[str, Array] = {}
    constant: list[str] = []
    for position, name in enumerate(names):
        values = _numbers(raw.iloc[:, position])
        known = np.isfinite(values)
        if known.sum() * 2 < len(values) or not known.any():
            continue
        filled = _fill(values, known)
        if filled.min() == filled.max():
            constant.append(name)
            continue
        columns[name] = filled
        gaps = len(values) - int(known.sum())
        if gaps:
            what = "1 gap in" if gaps == 1 else f"{gaps:,} gaps in"
            verb = "was filled by a straight line" if gaps == 1 else "were filled by straight lines"
            notes.append(f"{what} “{name}” {verb} between {'its' if gaps == 1 else 'their'} neighbours.")
        if len(columns) == MOST_COLUMNS:
            notes.append(f"Only the first {MOST_COLUMNS} columns of numbers are kept.")
            break
    if not columns and constant:
        raise ValueError(
            f"No column changes ({_listed(constant)}), so that there is nothing to learn: use another."
        )
    if not columns:
        raise ValueError(
            f"No column holds mostly numbers (found {_listed(names)}): upload a table with one that does."
        )
    if constant:
        notes.append(f"Left out, because the value never changes: {_listed(constant)}.")

    step = math.ceil(len(raw) / MOST_ROWS)
    if step > 1:
        notes.append(
            f"The table has {len(raw):,} rows; 1 in every {step} is kept, to have at most {MOST_ROWS:,}."
        )
    return Table({name: tuple(values[::step].tolist()) for name, values in columns.items()}, tuple(notes))


def _parse(text: str) -> tuple[pandas.DataFrame, list[str], int]:
    """The cells, as far as pandas can tell them apart; a name for each column; and how many lines, beside the
    header and the blank ones, are no row."""
    import pandas

    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").lstrip("\n")
    head = [line for line in text[:100_000].split("\n", 2 * _LINES_SEEN)[: 2 * _LINES_SEEN] if line.strip()]
    head = head[:_LINES_SEEN]
    separator = _separator(head)
    try:
        rows = list(csv.reader(head, delimiter=separator))
    except csv.Error:
        rows = [line.split(separator) for line in head]
    decimal = "." if separator == "," else _decimal(rows)
    # a trailing separator makes no column
    width = min(
        max((len(row) - (row[-1].strip() == "") for row in rows if row), default=1) or 1, _COLUMNS_READ
    )
    has_header = _has_header(rows, decimal)
    names = _names(rows[0] if has_header and rows else [], width)
    options: dict[str, Any] = {
        "sep": separator,
        "decimal": decimal,
        "header": None,
        "skiprows": 1 if has_header else 0,
        "names": range(max(map(len, rows), default=1)),
        "usecols": range(width),
        "index_col": False,
        "on_bad_lines": "skip",
        "low_memory": False,
        "float_precision": "round_trip",
        "skipinitialspace": True,
    }
    lines = sum(1 for line in io.StringIO(text) if line.strip()) - has_header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):  # a quotation mark may never be closed
            try:
                table = pandas.read_csv(io.StringIO(text), quoting=quoting, **options)
            except pandas.errors.EmptyDataError:
                table = pandas.DataFrame(index=[], columns=range(width))
            except (ValueError, OverflowError):
                continue
            return table, names, max(0, lines - len(table))
    raise ValueError("The file could not be read as a table: save it as CSV, a row a line.")


def _separator(lines: list[str]) -> str:
    """Tab or semicolon if nearly every line has one (a comma may then be the decimal), else comma."""
    for candidate in ("\t", ";"):
        if sum(candidate in line for line in lines) * 10 >= len(lines) * 9 and lines:
            return candidate
    return ","


def _decimal(rows: list[list[str]]) -> str:
    """The decimal sign, where a comma is free to be one."""
    cells = [cell.strip() for row in rows for cell in row]
    commas = sum(re.fullmatch(r"[-+]?[\d.]*,\d+(e[-+]?\d+)?", cell, re.I) is not None for cell in cells)
    points = sum(re.fullmatch(r"[-+]?\d*\.\d+(e[-+]?\d+)?", cell, re.I) is not None for cell in cells)
    return "," if commas > points else "."


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.replace(".", "").replace(",", ".") if decimal == "," else cell)
    except ValueError:
        return False
    return "_" not in cell  # a number to Python alone


def _has_header(rows: list[list[str]], decimal: str) -> bool:
    """Whether the first row names the columns: it has no numbers, or no number above numbers."""
    first = [cell.strip() for cell in rows[0]] if rows else []
    named = [cell.lower() not in _GAPS and not _is_number(cell, decimal) for cell in first]
    if not any(_is_number(cell, decimal) for cell in first):
        return any(named)
    return any(
        is_name and any(len(row) > place and _is_number(row[place].strip(), decimal) for row in rows[1:])
        for place, is_name in enumerate(named)
    )


def _names(cells: list[str], width: int) -> list[str]:
    """`width` different names of 1 to 60 characters."""
    names: list[str] = []
    for place in range(width):
        cell = " ".join(cells[place].split()) if place < len(cells) else ""
        name = base = cell[:_LONGEST_NAME].strip() or ("value" if width == 1 else f"column {place + 1}")
        number = 2
        while name in names:
            suffix = f" ({number})"
            name = base[: _LONGEST_NAME - len(suffix)] + suffix
            number += 1
        names.append(name)
    return names


def _numbers(column: pandas.Series[Any]) -> Array:
    """The column as float64, NaN where a cell is not a number."""
    import pandas

    if pandas.api.types.is_bool_dtype(column):
        return np.full(len(column), np.nan)
    if not pandas.api.types.is_numeric_dtype(column):
        strings = column.astype("str")
        thousands = strings.str.match(_THOUSANDS)
        if thousands.mean() > 0.5 and strings.str.contains(",", regex=False).any():
            strings = strings.str.replace(".", "", regex=False)
        if not strings.str.contains(".", regex=False).any():
            strings = strings.str.replace(",", ".", regex=False)
        column = pandas.to_numeric(strings, errors="coerce")
    return column.to_numpy(np.float64, na_value=np.nan)


def _fill(values: Array, known: npt.NDArray[np.bool_]) -> Array:
    """`values` with straight lines through what is not known; the ends repeat their neighbour."""
    if known.all():
        return values
    places = np.arange(len(values))
    # scaled down, because the slope between two enormous numbers overflows; a power of two rounds nothing
    largest = 2.0 ** (math.frexp(np.abs(values[known]).max())[1] - 1)
    lines = np.interp(places, places[known], values[known] / largest) * largest
    return np.where(known, values, lines)


def _listed(names: list[str]) -> str:
    """The first names, in quotation marks."""
    shown = ", ".join(f"“{name}”" for name in names[:8])
    return shown + (" and more" if len(names) > 8 else "")
