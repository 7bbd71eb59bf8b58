"""Caffe's files written by hand, byte by byte: it shares nothing with what reads them."""

import struct
from collections.abc import Iterable, Sequence


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers take ten bytes
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def key(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def integer(number: int, value: int) -> bytes:
    return key(number, 0) + varint(value)


def piece(number: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return key(number, 2) + varint(len(data)) + data


def real(number: int, value: float) -> bytes:
    return key(number, 5) + struct.pack("<f", value)


def double(number: int, value: float) -> bytes:
    return key(number, 1) + struct.pack("<d", value)


def floats(values: Iterable[float], number: int = 5) -> bytes:
    return piece(number, b"".join(struct.pack("<f", value) for value in values))


def doubles(values: Iterable[float], number: int = 8) -> bytes:
    return piece(number, b"".join(struct.pack("<d", value) for value in values))


def legacy(*sizes: int) -> bytes:
    """num, channels, height, width: ones before what there is."""
    padded = (1,) * (4 - len(sizes)) + sizes
    return b"".join(integer(number, size) for number, size in enumerate(padded, 1))


def shape(*sizes: int, packed: bool = True) -> bytes:
    if packed:
        return piece(7, piece(1, b"".join(map(varint, sizes))))
    return piece(7, b"".join(integer(1, size) for size in sizes))


def joined(*parts: bytes | Sequence[bytes]) -> bytes:
    return b"".join(part if isinstance(part, bytes) else b"".join(part) for part in parts)


# Fields that no reader knows, of every kind.
UNKNOWN = joined(
    integer(900, 7), double(901, 1.5), piece(902, b"\xff\0noise"), real(903, -1.0),
    key(904, 3), integer(1, 1), piece(2, "in a group"), key(904, 4),
)  # fmt: skip


def old_layer(
    name: str, kind: int, *parts: bytes, blobs: Sequence[bytes] = (), bottom: str = "in"
) -> bytes:
    """A V1LayerParameter in field 2 of a net."""
    return piece(
        2,
        joined(
            piece(2, bottom), piece(3, name), piece(4, name), integer(5, kind),
            [piece(6, blob) for blob in blobs], real(7, 1.0), real(7, 2.0), parts,
        ),
    )  # fmt: skip


def new_layer(
    name: str, kind: str, *parts: bytes, blobs: Sequence[bytes] = (), bottom: str = "in"
) -> bytes:
    """A LayerParameter in field 100 of a net."""
    return piece(
        100,
        joined(
            piece(1, name), piece(2, kind), piece(3, bottom), piece(4, name),
            [piece(7, blob) for blob in blobs], integer(10, 1), parts,
        ),
    )  # fmt: skip
