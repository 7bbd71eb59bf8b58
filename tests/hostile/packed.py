"""Tar archives that are packed to do harm: what unpacks to far more than it is."""

import bz2
import gzip
import lzma
import zlib

from tests.hostile.case import GOOD, Hostile
from tests.hostile.raw_tar import header, honest, tarred

DAMAGED = "is damaged or only partly downloaded"
RATIO = "as attacks do"
ZEROS = bytes(1 << 24)


def xz_of_dictionary(code: int) -> bytes:
    """An xz file whose header asks for a dictionary of 4 GB (code 40)."""
    data = bytearray(lzma.compress(tarred()))
    length = (data[12] + 1) * 4  # of the block's header, whose last four bytes are its check sum
    at = data.index(b"\x21\x01", 12, 12 + length) + 2
    data[at] = code
    data[12 + length - 4 : 12 + length] = zlib.crc32(data[12 : 12 + length - 4]).to_bytes(
        4, "little"
    )
    return bytes(data)


PACKED = [
    Hostile("bomb.tar.gz", "has four gigabytes of zeros behind its end",
            lambda: gzip.compress(tarred()) + gzip.compress(ZEROS) * 256, error=RATIO),
    Hostile("member-bomb.tar.gz", "has a member of four gigabytes of zeros",
            lambda: gzip.compress(honest(GOOD) + header(b"cat/x.png", 1 << 32))
            + gzip.compress(ZEROS) * 256, error=RATIO),
    Hostile("bomb.tar.bz2", "has sixteen gigabytes of zeros behind its end",
            lambda: bz2.compress(tarred()) + bz2.compress(ZEROS) * 1024, error=RATIO),
    Hostile("bomb.tar.xz", "has sixteen gigabytes of zeros behind its end",
            lambda: lzma.compress(tarred()) + lzma.compress(ZEROS) * 1024, error=RATIO),
    Hostile("dictionary.tar.xz", "asks for four gigabytes to unpack a few bytes",
            lambda: xz_of_dictionary(40), error="over 256 MB"),
    Hostile("empty-members.tar.gz", "is a thousand gzip files of nothing before one of something",
            lambda: gzip.compress(b"") * 1000 + gzip.compress(tarred())),
    Hostile("gzip-in-gzip.tar.gz", "is packed twice",
            lambda: gzip.compress(gzip.compress(tarred())), error=DAMAGED),
    Hostile("behind.tar.gz", "has bytes behind its end that are not gzip's",
            lambda: gzip.compress(tarred()) + b"<html>" * 100, error=DAMAGED),
    Hostile("padded.tar.gz", "is filled up with zeros, as tapes do",
            lambda: gzip.compress(tarred()) + bytes(10_000)),
    Hostile("check-sum.tar.gz", "was changed without its check sum",
            lambda: gzip.compress(tarred())[:-8] + bytes(8), error=DAMAGED),
    Hostile("method.tar.gz", "is packed in a way that gzip does not know",
            lambda: b"\x1f\x8b\x07" + gzip.compress(tarred())[3:], error=DAMAGED),
    Hostile("header.tar.gz", "has a gzip header with a name without an end",
            lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * (1 << 16), error=DAMAGED),
]  # fmt: skip
