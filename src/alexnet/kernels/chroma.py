"""Pictures in half their bytes: brightness of each pixel, colour of each 2 x 2 (YUV 4:2:0).

So twice as many pictures lie in a device's memory. The colour space is JPEG's (JFIF 1.02, full
range), in whole numbers with 16 bits after the point, so that every machine has the same bits. A
square's colour is that of all its pixels again: between neighbours, as JPEG decoders do, it would
be nearer to the picture, but each pixel would read eight bytes of colour instead of two.
"""

import numpy as np
from numpy.typing import NDArray

from alexnet.errors import UsageError

__all__ = ["COLOURS", "decode", "encode", "picture_bytes"]

Bytes = NDArray[np.uint8]

POINT = 16  # bits after the point
HALF = 1 << POINT - 1
# Of R, G and B: how much of U - 128 and V - 128 is added to Y.
COLOURS = ((0, 91881), (-22554, -46802), (116130, 0))
# Y, U and V from R, G and B.
LIGHT = (19595, 38470, 7471)
CHROMA = (-11059, -21709, 32768), (32768, -27439, -5329)
MIDDLE = (128 << POINT) + HALF - 1  # the largest, 255.5, becomes 255


def picture_bytes(size: int) -> int:
    """The bytes of a picture of ``size`` x ``size`` pixels; UsageError where size is odd."""
    if size % 2:
        raise UsageError(
            f"Pictures of {size} x {size} pixels cannot be kept in YUV 4:2:0, which has one colour "
            "for two rows and two columns; prepare the set with an even --size."
        )
    return size * size * 3 // 2


def encode(pictures: Bytes) -> Bytes:
    """Pictures uint8 (N, size, size, 3), RGB, as uint8 (N, size * size * 3 // 2).

    First Y of all pixels, then U and then V of all squares of 2 x 2, each row by row; U and V are
    those of the mean of the four pixels.
    """
    count, size = pictures.shape[:2]
    found = np.empty((count, picture_bytes(size)), np.uint8)
    for picture, to in zip(pictures, found, strict=True):  # one stays in a processor's cache
        planes = picture.transpose(2, 0, 1).astype(np.int32)
        squares = planes[:, ::2, ::2] + planes[:, ::2, 1::2]
        squares += planes[:, 1::2, ::2]
        squares += planes[:, 1::2, 1::2]
        light, *colours = np.split(to, [size * size, size * size * 5 // 4])
        light[:] = (_mixed(planes, LIGHT) + HALF >> POINT).ravel()
        for mixture, out in zip(CHROMA, colours, strict=True):
            out[:] = ((_mixed(squares, mixture) >> 2) + MIDDLE >> POINT).ravel()
    return found


def _mixed(planes: NDArray[np.int32], shares: tuple[int, int, int]) -> NDArray[np.int32]:
    """The sum of three planes (3, rows, columns), each times its share."""
    red, green, blue = (
        np.int32(share) * plane for share, plane in zip(shares, planes, strict=True)
    )
    summed: NDArray[np.int32] = red + green + blue
    return summed


def decode(stored: Bytes, size: int) -> Bytes:
    """Pictures uint8 (N, size, size, 3), RGB, from what ``encode`` made."""
    pixels = size * size
    light = stored[:, :pixels].reshape(-1, size, size).astype(np.int32) << POINT
    planes = stored[:, pixels:].reshape(-1, 2, size // 2, size // 2).astype(np.int32) - 128
    u, v = planes.repeat(2, 2).repeat(2, 3).swapaxes(0, 1)
    levels = [(light + of_u * u + of_v * v + HALF >> POINT).clip(0, 255) for of_u, of_v in COLOURS]
    return np.stack(levels, -1).astype(np.uint8)
