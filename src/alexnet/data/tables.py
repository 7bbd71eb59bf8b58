"""CSV files in which any file name survives: line feeds, quotes, bytes that are no UTF-8."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from alexnet.errors import AlexNetError
from alexnet.files import write_text


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Put a CSV file at ``path``: UTF-8, line feeds, quotes only where a field needs them."""
    write_text(path, as_text(header, rows))


def as_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """What ``write_table`` writes."""
    return "".join(",".join(map(_field, row)) + "\n" for row in (header, *rows))


def _field(value: object) -> str:
    # Python's csv leaves a carriage return unquoted before 3.13, and then cannot read it back.
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in '",\r\n') else text


def read_table(path: Path, header: Sequence[str]) -> list[list[str]]:
    """The rows of a CSV file that begins with ``header``; AlexNetError where it is another."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as error:
        raise AlexNetError(f"{path} is no CSV file: {error}.") from error
    rows = [row for row in rows if row]
    expected = ",".join(header)
    if not rows or rows[0] != list(header):
        found = ",".join(rows[0]) if rows else "nothing"
        raise AlexNetError(f"{path} must begin with the line {expected}; it begins with {found}.")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise AlexNetError(
                f"{path}: row {number} has {len(row)} fields, not {len(header)} ({expected})."
            )
    return rows[1:]
