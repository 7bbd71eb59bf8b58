"""Ordinary JPEGs by the short way: bytes straight into an array, where simplejpeg is installed.

Bit for bit what ``decode`` gives by way of Pillow, whose decoder, libjpeg-turbo, is the same. What
needs more thought than ordinary files do (profiles, inks, turned photos, damage) goes that way.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet.data.decoding.colour import is_srgb
from alexnet.data.decoding.damage import FRAMES, Segment, check_jpeg, jpeg_segments
from alexnet.data.decoding.decode import LARGEST, is_turned, reduction

try:
    import simplejpeg
except ImportError:  # there is no wheel for this machine
    simplejpeg = None

HUFFMAN = {0xC0, 0xC1, 0xC2}  # kinds of frame: baseline, extended, progressive
EXIF, PROFILE, ADOBE = 0xE1, 0xE2, 0xEE  # segments of applications
GREY, COLOURS = 1, 3  # channels
YCC = b"\1"  # Adobe's number for colours that are stored as JFIF has them
ORIENTATION = (b"\x12\x01", b"\x01\x12", b"Orientation")  # its tag, in both orders of bytes; XMP's


class Pixels(NamedTuple):
    """What ``Decoded`` holds, the photo being pixels (rows, columns, 3)."""

    photo: NDArray[np.uint8]
    native: tuple[int, int]
    profile: bytes | None
    reduced: int


def pixels_of(data: bytes, upright: bool, enough: int) -> Pixels | None:
    """What ``decode_reduced`` would give for a JPEG.

    None where it is to be done there. Raises ``Unreadable`` for a file that is cut short.
    """
    if simplejpeg is None:
        return None
    segments = jpeg_segments(data)
    check_jpeg(data, segments)
    native = _size_of_ordinary(data, segments)
    if native is None or (upright and _is_turned(data, segments)):
        return None
    less = reduction(native, enough)
    columns, rows = (-(-side // less) for side in native)
    try:
        # Strict: what is only a warning to the decoder is left to ``decode_reduced`` too.
        pixels = simplejpeg.decode_jpeg(
            data, "RGB", min_height=rows, min_width=columns, min_factor=less, strict=True
        )
    except ValueError:
        return None
    profile = next(_profiles(data, segments), None)
    return Pixels(pixels, native, None if profile is None or is_srgb(profile) else profile, less)


def _size_of_ordinary(data: bytes, segments: list[Segment]) -> tuple[int, int] | None:
    """Width and height; None for a frame, or colours, that are not of the ordinary kind."""
    frames = [start for marker, start, _ in segments if marker in FRAMES]
    if len(frames) != 1 or data[frames[0] + 1] not in HUFFMAN:
        return None
    header = data[frames[0] + 5 : frames[0] + 10]
    has_profile = any(True for _ in _profiles(data, segments))
    if len(header) < 5 or (header[4] != COLOURS and (header[4] != GREY or has_profile)):
        return None
    if not all(_is_ordinary(data, segment) for segment in segments):
        return None
    rows, columns = int.from_bytes(header[:2], "big"), int.from_bytes(header[2:4], "big")
    return (columns, rows) if 0 < rows * columns <= LARGEST else None


def _is_ordinary(data: bytes, segment: Segment) -> bool:
    """Whether colours are stored as JFIF has them, and their profile in one piece."""
    marker, start, _ = segment
    body = start + 4
    if marker == ADOBE and data.startswith(b"Adobe", body):
        return data[body + 11 : body + 12] == YCC
    return not _is_profile(data, segment) or data[body + 12 : body + 14] == b"\1\1"


def _is_profile(data: bytes, segment: Segment) -> bool:
    return segment[0] == PROFILE and data.startswith(b"ICC_PROFILE\0", segment[1] + 4)


def _profiles(data: bytes, segments: list[Segment]) -> Iterator[bytes]:
    for segment in segments:
        if _is_profile(data, segment):
            yield data[segment[1] + 18 : segment[2]]


def _is_turned(data: bytes, segments: list[Segment]) -> bool:
    """Whether it is to be turned; most files can be told without reading their EXIF block."""
    blocks = (data[start:end] for marker, start, end in segments if marker == EXIF)
    if not any(sign in block for block in blocks for sign in ORIENTATION):
        return False
    return is_turned(data)
