"""Is all of the file there? Checks that Pillow does not make, and reasons that it does not give.

A photo with a grey lower part would be learned as such, so JPEG and PNG must reach their end.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from alexnet.data.decoding.recognise import Unreadable

TABLES, START_OF_SCAN, END_OF_IMAGE = 0xC4, 0xDA, b"\xff\xd9"
# Start-of-frame markers (ITU-T T.81, table B.1): C4, C8 and CC lie among them and mean others.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
BASELINE, LOSSLESS = {0xC0, 0xC1}, {0xC3, 0xC7, 0xCB, 0xCF}
# In a scan a byte FF is followed by 00 or, between its intervals, by D0 to D7.
END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
HOLE = bytes(512)  # a disk sector


Segment = tuple[int, int, int]  # marker, start of the marker, end


def check_whole(kind: str, data: bytes) -> None:
    """Raises ``Unreadable`` where a JPEG or PNG is cut short, or a check sum is wrong."""
    if kind == "JPEG":
        check_jpeg(data, jpeg_segments(data))
    elif kind == "PNG":
        _check_png(data)


def jpeg_segments(data: bytes) -> list[Segment]:
    """The segments of a JPEG up to its first scan; those that there are where it ends before."""
    return list(_jpeg_segments(data))


def check_jpeg(data: bytes, segments: list[Segment]) -> None:
    """Raises ``Unreadable`` where a JPEG is cut short, or of a kind that cannot be read."""
    baseline = zeros_are_odd = False
    for marker, start, end in segments:
        if marker in LOSSLESS:
            raise Unreadable("a lossless JPEG, which cannot be read here")
        if marker in FRAMES and data[start + 4] != 8:
            raise Unreadable(f"a JPEG of {data[start + 4]} bits a sample; only 8 can be read here")
        baseline |= marker in BASELINE
        zeros_are_odd |= marker == TABLES and _zeros_are_odd(data[start + 4 : end])
        if marker == START_OF_SCAN:
            _check_scan(data, end, baseline and zeros_are_odd)
            return
    raise Unreadable("JPEG damaged or cut short before its first pixel")


def _check_scan(data: bytes, start: int, zeros_are_odd: bool) -> None:
    # Files preallocated and half written, with zeros to their end, have no end marker either.
    if data.rfind(END_OF_IMAGE, start) < 0:
        raise Unreadable("JPEG cut short")
    hole = data.find(HOLE, start) if zeros_are_odd else -1
    if hole < 0:
        return
    # Sought last, since it is the slowest; zeros behind the scan are nobody's pixels.
    end = END_OF_SCAN.search(data, start)
    if end and hole + len(HOLE) <= end.start():
        raise Unreadable("JPEG damaged: zero bytes amid its pixels")


def _zeros_are_odd(tables: bytes) -> bool:
    """Whether the code of zero bits in an AC table stands for anything but "the rest is flat".

    With such tables a long run of zero bytes cannot come from a flat area of a photo.
    """
    while len(tables) > 17:
        is_ac, first, length = tables[0] >> 4, tables[17], 17 + sum(tables[1:17])
        if is_ac and first != 0:
            return True
        tables = tables[length:]
    return False


def _jpeg_segments(data: bytes) -> Iterator[Segment]:
    at = 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 5 > len(data):
            return
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD9:
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at, end
        if marker == START_OF_SCAN:
            return
        at = end


def _check_png(data: bytes) -> None:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            break
        body = memoryview(data)[at + 4 : end - 4]
        if zlib.crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
            raise Unreadable("PNG damaged: a check sum is wrong")
        if name == b"IHDR":
            _check_png_size(data[at + 8 : end - 4])
        if name == b"IEND":
            return
        at = end
    raise Unreadable("PNG cut short")


def _check_png_size(header: bytes) -> None:
    width, height = struct.unpack_from(">II", header.ljust(8, b"\0"))
    if not (width and height):
        raise Unreadable(f"claims {width}x{height} pixels")
