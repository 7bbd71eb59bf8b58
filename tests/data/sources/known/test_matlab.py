"""MATLAB files against the library that writes them here, and mutated ones."""

import io
import random
import zlib

import numpy as np
import pytest

from alexnet.data.sources.known.matlab import struct_array
from tests.data import miniatures


def written(rows, fields, **options):
    """A file as scipy writes it, with another variable before the array."""
    savemat = pytest.importorskip("scipy.io").savemat
    array = np.empty((len(rows), 1), [(name, object) for name in fields])
    for i, row in enumerate(rows):
        array[i, 0] = tuple(row)
    stream = io.BytesIO()
    savemat(stream, {"cost_matrix": np.eye(40, dtype=np.uint8), "synsets": array}, **options)
    return stream.getvalue()


@pytest.mark.parametrize("packed", [True, False])
def test_texts_and_numbers_as_they_were_written(packed):
    rows = [
        (1, "n01440764", "tench, Tinca tinca", 2.5, 0),
        (-3, "", "Käse, Ωmega", 1 << 40, 0.1),
    ]
    fields = ("a", "b", "c", "d", "e")
    expected = [dict(zip(fields, row, strict=True)) for row in rows]
    found = struct_array(written(rows, fields, do_compression=packed), "synsets")
    assert found == expected


def test_what_is_neither_a_text_nor_a_number_is_none():
    rows = [([1, 2, 3], [], {"x": 1}, np.array(["a", 1], dtype=object), 5)]
    (row,) = struct_array(written(rows, ("a", "b", "c", "d", "e")), "synsets")
    assert row == {"a": None, "b": None, "c": None, "d": None, "e": 5}


def test_miniatures_are_what_the_library_reads():
    loadmat = pytest.importorskip("scipy.io").loadmat
    rows = miniatures.synsets()
    data = miniatures.meta(rows)
    array = loadmat(io.BytesIO(data), squeeze_me=True)["synsets"]
    found = struct_array(data, "synsets")
    assert [row["WNID"] for row in found] == list(array["WNID"]) == [row[1] for row in rows]
    numbers = [row["num_train_images"] for row in found]
    assert numbers == list(array["num_train_images"]) == [row[-1] for row in rows]


def test_big_endian_files():
    # "a" is 258: version, order, flags, dimensions, name, length of names, names, one matrix.
    def element(kind, body):
        padded = body + bytes(-len(body) % 8)
        return kind.to_bytes(4, "big") + len(body).to_bytes(4, "big") + padded

    def matrix(kind, name, rest):
        flags = element(6, kind.to_bytes(4, "big") + bytes(4))
        return element(14, flags + element(5, b"\0\0\0\1\0\0\0\1") + element(1, name) + rest)

    value = matrix(6, b"", element(4, b"\1\2"))
    array = matrix(2, b"synsets", element(5, b"\0\0\0\2") + element(1, b"a\0") + value)
    data = b"MATLAB 5.0".ljust(124) + b"\1\0MI" + array
    assert struct_array(data, "synsets") == [{"a": 258}]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no MATLAB file"),
        (b"MATLAB 5.0".ljust(126) + b"??", "no MATLAB file"),
        (b"MATLAB 5.0".ljust(126) + b"IM", "has no array synsets"),
        (miniatures.meta(miniatures.synsets())[:400], "damaged or cut off"),
        (b"MATLAB 5.0".ljust(126) + b"IM" + b"\x0f\0\0\0\3\0\0\0abc", "damaged"),
    ],
)
def test_what_cannot_be_read(data, complaint):
    with pytest.raises(ValueError, match=complaint):
        struct_array(data, "synsets")


def test_mutated_files_are_read_or_refused():
    whole, rng = miniatures.meta(miniatures.synsets()), random.Random(1)
    array = zlib.decompress(whole[136:])
    for _ in range(600):
        data = bytearray(rng.choice((whole, whole[:128] + array)))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(128, len(data) - 4)
            data[place : place + 4] = rng.choice((rng.randbytes(4), b"\xff\xff\xff\x7f", bytes(4)))
        try:
            assert len(struct_array(bytes(data), "synsets")) <= 1_000_000
        except ValueError:
            continue
