"""CSV files in which any file name survives: line feeds, quotes, bytes that are no UTF-8."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from alexnet.errors import AlexNetError
from alexnet.files import replacing


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Put a CSV file at ``path``: UTF-8, line feeds, quotes only where a field needs them."""
    with replacing(path) as file:
        file.write(as_line(header))
        file.writelines(map(as_line, rows))


def as_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """What ``write_table`` writes."""
    return "".join(_line(row) for row in (header, *rows))


def as_line(row: Sequence[object]) -> bytes:
    """A row as ``write_table`` writes it."""
    return _line(row).encode("utf-8", "surrogateescape")


def _line(row: Sequence[object]) -> str:
    return ",".join(map(_field, row)) + "\n"


# Python's csv leaves a carriage return unquoted before 3.13, and then cannot read it back.
_QUOTED = re.compile('[",\r\n]')


def _field(value: object) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def read_table(path: Path, header: Sequence[str]) -> list[list[str]]:
    """The rows of a CSV file that begins with ``header``; AlexNetError where it is another."""
    return list(table_rows(path, header))


def table_rows(path: Path, header: Sequence[str]) -> Iterator[list[str]]:
    """The same row by row, however many there are."""
    try:
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error
    expected, number = ",".join(header), 0
    with file:
        try:
            rows = (row for row in csv.reader(file, strict=True) if row)
            first = next(rows, [])
            if first != list(header):
                found = ",".join(first) or "nothing"
                raise AlexNetError(
                    f"{path} must begin with the line {expected}; it begins with {found}."
                )
            for number, row in enumerate(rows, 1):
                if len(row) != len(header):
                    raise AlexNetError(
                        f"{path}: row {number} has {len(row)} fields, "
                        f"not {len(header)} ({expected})."
                    )
                yield row
        except csv.Error as error:
            raise AlexNetError(f"{path} is no CSV file: {error}.") from error
        except OSError as error:
            raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error
