"""Files made wrong in the ways that files go wrong, and in those that attackers think of.

Each mutation is a function of a random generator, the bytes and another file's bytes.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEADERS = 1024  # bytes in which most files tell their sizes
BLOCK = 512  # of tar

Mutation = Callable[[Random, bytes, bytes], bytes]


def mutated(random: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """(names of what was done, the bytes): one to three mutations, half of them made good again.

    Made good: the check sums of PNG and tar fit what stands there now, so that readers go on.
    """
    names = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name = random.choice(list(MUTATIONS))
        names.append(name)
        data = MUTATIONS[name](random, data, other)
    if random.random() < 0.5:
        data = _made_good(data)
    return "+".join(sorted(set(names))), data


def _bits(random: Random, data: bytes, _other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 16) if data else 0):
        changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _zeros(random: Random, data: bytes, _: bytes) -> bytes:
    first, end = _range(random, data)
    return data[:first] + bytes(end - first) + data[end:]


def _noise(random: Random, data: bytes, _: bytes) -> bytes:
    first, end = _range(random, data)
    return data[:first] + random.randbytes(end - first) + data[end:]


def _cut(random: Random, data: bytes, _: bytes) -> bytes:
    return data[: random.randint(0, len(data))]


def _lost(random: Random, data: bytes, _: bytes) -> bytes:
    first, end = _range(random, data)
    return data[:first] + data[end:]


def _spliced(random: Random, data: bytes, other: bytes) -> bytes:
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


def _extreme(random: Random, data: bytes, _: bytes) -> bytes:
    """A number of 1, 2 or 4 bytes set to an extreme; mostly where headers are."""
    size = random.choice((1, 2, 4))
    room = len(data) if random.random() < 0.3 else min(len(data), HEADERS)
    if room < size:
        return data
    at = random.randint(0, room - size)
    number = random.choice([one for one in EXTREMES if one < 1 << 8 * size])
    return data[:at] + number.to_bytes(size, random.choice(("big", "little"))) + data[at + size :]


def _digits(random: Random, data: bytes, _: bytes) -> bytes:
    """The digits of a number written as text set to others; tar, PPM, pax and lists have such."""
    places = [at for at in range(min(len(data), 4 * HEADERS)) if data[at : at + 1].isdigit()]
    if not places:
        return data
    at = random.choice(places)
    return (
        data[:at] + random.choice((b"0", b"7", b"9", b"-", b" ", b"\0", b"\xff")) + data[at + 1 :]
    )


def _segments(random: Random, data: bytes, _: bytes) -> bytes:
    """A part of the file as its format has them twice, gone, or in another's place."""
    parts = list(_parts(data))
    first, second = random.randrange(len(parts)), random.randrange(len(parts))
    match random.randrange(3):
        case 0:
            parts.insert(second, parts[first])
        case 1:
            del parts[first]
        case 2:
            parts[first], parts[second] = parts[second], parts[first]
    return b"".join(parts)


MUTATIONS: dict[str, Mutation] = {
    "bits": _bits, "zeros": _zeros, "noise": _noise, "cut": _cut, "lost": _lost,
    "splice": _spliced, "extreme": _extreme, "digits": _digits, "segments": _segments,
}  # fmt: skip


def _range(random: Random, data: bytes) -> tuple[int, int]:
    first = random.randint(0, len(data))
    length = int(2 ** random.uniform(0, 14))
    return first, min(first + length, len(data))


def _parts(data: bytes) -> Iterator[bytes]:
    """The file cut at the bounds of JPEG's segments, PNG's chunks, or blocks of 512 bytes."""
    bounds = [0, *_bounds(data), len(data)]
    yield from (data[first:end] for first, end in pairwise(bounds))


def _bounds(data: bytes) -> Iterator[int]:
    if data.startswith(b"\x89PNG"):
        yield from (at for at, _ in _chunks(data))
    elif data.startswith(b"\xff\xd8"):
        at = 2
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
            yield at
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    else:
        yield from range(BLOCK, len(data), BLOCK)


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """(position, length of its contents) of the chunks of a PNG."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            return
        yield at, length
        at += 12 + length


def _made_good(data: bytes) -> bytes:
    """The same with the check sums that its contents have."""
    if data.startswith(b"\x89PNG"):
        changed = bytearray(data)
        for at, length in _chunks(data):
            crc = zlib.crc32(memoryview(changed)[at + 4 : at + 8 + length])
            struct.pack_into(">I", changed, at + 8 + length, crc)
        return bytes(changed)
    if data[257:262] == b"ustar":
        return b"".join(map(_summed, (data[at : at + BLOCK] for at in range(0, len(data), BLOCK))))
    return data


def _summed(block: bytes) -> bytes:
    if block[257:262] != b"ustar" or len(block) < BLOCK:
        return block
    blank = block[:148] + b" " * 8 + block[156:]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]
