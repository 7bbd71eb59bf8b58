"""Struct arrays in MATLAB files of version 5, as far as ILSVRC's development kits have them.

Not by scipy.io.loadmat, which crashes on some files with a few bytes changed (scipy 1.17.1).
Source of the format: MathWorks, "MAT-File Format", chapter 1.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

START = 128  # bytes of text, version and order of bytes before the first element
MOST = 64 << 20  # bytes that an element, packed in the file, may come to
VALUES = 1_000_000  # in an array; the kits' have 15,000
MATRIX, PACKED = 14, 15  # types of elements
STRUCT, TEXT = 2, 4  # classes of matrices
NUMBERS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}
TEXTS = {1: "ascii", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}

Value = str | float | None
Row = dict[str, Value]


def struct_array(data: bytes, name: str) -> list[Row]:
    """The rows of a struct array: texts and single numbers by field, None for what is neither.

    ValueError, in a few words, where ``data`` is no such file or the array is not in it.
    """
    if not data.startswith(b"MATLAB 5.0") or data[126:128] not in (b"IM", b"MI"):
        raise ValueError("it is no MATLAB file of version 5")
    order = "<" if data[126:128] == b"IM" else ">"
    for kind, body in _elements(data[START:], order):
        if kind == PACKED:
            kind, body = next(_elements(_unpacked(body), order), (0, b""))
        if kind == MATRIX and (matrix := _matrix(body, order)).name == name:
            return _rows(matrix, order)
    raise ValueError(f"it has no array {name}")


@dataclass(frozen=True)
class _Matrix:
    kind: int
    size: int  # of all its dimensions
    name: str
    rest: Iterator[tuple[int, bytes]]  # what else it consists of


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of one element after the other."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        start = at + 8
        if kind >> 16:  # a small one, in the eight bytes themselves
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        if size > (4 if start == at + 4 else len(data) - start):
            raise ValueError("it is damaged or cut off")
        yield kind, data[start : start + size]
        at = start + size if kind == PACKED else -(-(start + size) // 8) * 8


def _unpacked(data: bytes) -> bytes:
    one = zlib.decompressobj()
    try:
        whole = one.decompress(data, MOST)
    except zlib.error as error:
        raise ValueError("it is damaged") from error
    if one.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MOST >> 20} MB")
    return whole


def _matrix(data: bytes, order: str) -> _Matrix:
    parts = _elements(data, order)
    head = [next(parts, (0, b""))[1] for _ in range(3)]
    flags, sizes = _numbers("I", head[0], order), _numbers("i", head[1], order)
    size = 1
    for one in sizes:
        size *= max(int(one), 0)
    return _Matrix(int(flags[0]) & 0xFF if flags else 0, size, head[2].decode("latin-1"), parts)


def _rows(matrix: _Matrix, order: str) -> list[Row]:
    longest = _numbers("i", next(matrix.rest, (0, b""))[1], order)
    names = next(matrix.rest, (0, b""))[1]
    if matrix.kind != STRUCT or not longest or not names or longest[0] <= 0:
        raise ValueError("its array is no struct array")
    width = int(longest[0])
    fields = [names[i : i + width] for i in range(0, len(names), width)]
    keys = [field.partition(b"\0")[0].decode("latin-1") for field in fields]
    count = matrix.size * len(keys)
    if count > VALUES:
        raise ValueError(f"its array claims {count:,} values")
    values = [_value(kind, body, order) for kind, body in islice(matrix.rest, count)]
    if len(values) < count:
        raise ValueError("its array is cut off")
    return [
        dict(zip(keys, values[i : i + len(keys)], strict=True))
        for i in range(0, len(values), len(keys))
    ]


def _value(kind: int, body: bytes, order: str) -> Value:
    """A text or a single number; None for anything else, arrays and nested structs among it."""
    matrix = _matrix(body, order) if kind == MATRIX else None
    if matrix is None or matrix.kind == STRUCT:
        return None
    kind, content = next(matrix.rest, (0, b""))
    if matrix.kind == TEXT and kind in TEXTS:
        wide = "" if kind in (1, 2, 16) else "-le" if order == "<" else "-be"
        return content.decode(TEXTS[kind] + wide, "replace")
    if matrix.kind != TEXT and kind in NUMBERS:
        found = _numbers(NUMBERS[kind], content, order)
        return found[0] if len(found) == 1 else None
    return None


def _numbers(letter: str, data: bytes, order: str) -> tuple[float, ...]:
    count = len(data) // struct.calcsize(f"{order}{letter}")
    return struct.unpack_from(f"{order}{count}{letter}", data)
