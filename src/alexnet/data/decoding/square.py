"""The bytes of a file -> the stored square of its photo: the same pixels wherever it is asked.

Preparation and prediction both go this way. Only what the square needs is computed: a large JPEG is
decoded at a half, a quarter or an eighth of its size, as long as ``MARGIN`` allows.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet.data.decoding.colour import in_srgb
from alexnet.data.decoding.decode import Decoded, decode_reduced, unpacked
from alexnet.data.decoding.jpeg import Pixels, pixels_of
from alexnet.data.decoding.recognise import recognised
from alexnet.kernels.pictures import Box, scale_square

# A reduced JPEG has at least so many pixels for one of the square: docs/results.md says what
# difference it makes to the pixels.
MARGIN = 2


def square_of(
    data: bytes, size: int, fit: str = "crop", filter: str = "bicubic", upright: bool = True
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The square, uint8 (size, size, 3), RGB, and the photo's native width and height.

    ``fit`` and ``filter`` are those of ``preprocessing.fitted``; ``upright``: turned as the EXIF
    block says. Raises ``Unreadable`` with a short reason where there is no photo, or not all of it.
    """
    data, enough = unpacked(data), MARGIN * size
    short = pixels_of(data, upright, enough) if recognised(data) == "JPEG" else None
    found = short or decode_reduced(data, upright, enough)
    return square_from(found, size, fit, filter), found.native


def square_from(
    found: Decoded | Pixels, size: int, fit: str = "crop", filter: str = "bicubic"
) -> NDArray[np.uint8]:
    """The square of a photo that is decoded already."""
    square = _scaled(np.asarray(found.photo), _box(found.native, fit, found.reduced), size, filter)
    if found.profile is None:
        return square
    # Of the square only: this takes longer for each pixel than all the rest.
    return np.asarray(in_srgb(Image.fromarray(square), found.profile))


def fitted_square(
    photo: Image.Image | NDArray[np.uint8], size: int, fit: str = "crop", filter: str = "bicubic"
) -> NDArray[np.uint8]:
    """``preprocessing.fitted`` of an RGB picture or of pixels (rows, columns, 3); the same bits."""
    pixels = np.asarray(photo)
    rows, columns = pixels.shape[:2]
    return _scaled(pixels, _box((columns, rows), fit, 1), size, filter)


def _box(native: tuple[int, int], fit: str, reduced: int) -> Box:
    """What the square shows, in pixels of a picture with so many times fewer of them."""
    width, height = native
    side = min(native)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side) if fit == "crop" else (0, 0, width, height)
    left, top, right, bottom = (edge / reduced for edge in box)
    return left, top, right, bottom


def _scaled(pixels: NDArray[np.uint8], box: Box, size: int, filter: str) -> NDArray[np.uint8]:
    square = scale_square(pixels, box, size, filter)
    if square is not None:
        return square
    way = Image.Resampling[filter.upper()]
    return np.asarray(Image.fromarray(pixels).resize((size, size), way, box=box))
