"""The rows of a list of photos, one by one: CSV, TSV, JSON lines, or words between spaces.

No row is skipped but blank ones: what is no row comes as a problem, and its line number with it.
"""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError

JSON, WORDS = "{", " "  # in the place of a delimiter: JSON lines; the last word parts from the rest
LONGEST = 1 << 20  # characters of a line: no list has longer ones, and a line is held in memory


class Row(NamedTuple):
    """A row of a list."""

    line: int  # where it begins, from 1
    fields: list[str]
    problem: str = ""  # why it is none; it has no fields then


def read_rows(path: Path, delimiter: str) -> Iterator[Row]:
    """All rows of a list, a header too; of JSON lines the first one's keys stand for a header.

    Text is UTF-8, other bytes as surrogates, or UTF-16 where a byte order mark says so. OSError;
    AlexNetError where a line never ends.
    """
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding, errors = ("utf-16", "replace") if wide else ("utf-8-sig", "surrogateescape")
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        lines = _lines(file, path)
        if delimiter == JSON:
            yield from _objects(lines)
        elif delimiter == WORDS:
            words = ((number, line.rsplit(None, 1)) for number, line in enumerate(lines, 1))
            yield from (Row(number, fields) for number, fields in words if fields)
        else:
            yield from _separated(lines, delimiter)


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if len(line) == LONGEST:
            raise AlexNetError(
                f"{shown(str(path))} is no list of photos: its line {number:,} is longer than "
                f"{LONGEST:,} characters."
            )
        yield line


def _objects(lines: Iterator[str]) -> Iterator[Row]:
    keys: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Row(number, [], f"no JSON: {getattr(error, 'msg', error)}")
            continue
        if not isinstance(found, dict):
            yield Row(number, [], "JSON, but no object with keys and values")
            continue
        if not keys:
            keys = list(found)
            yield Row(number, keys)
        yield Row(number, [_text(found.get(key)) for key in keys])


def _text(value: object) -> str:
    """A value of JSON as a field; "" for what is neither text nor number."""
    text = str(value) if isinstance(value, str | int | float) else ""
    # JSON can write halves of characters, which no file name or table can hold.
    return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)


def _separated(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    # With "strict" a quote in the wrong place is an error here, and no row that eats others.
    rows = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        begun = rows.line_num + 1
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            until = f" (up to line {rows.line_num})" if rows.line_num > begun else ""
            yield Row(begun, [], f"{error}{until}")
            continue
        if any(field.strip() for field in fields):
            yield Row(begun, fields)
