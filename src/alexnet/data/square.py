"""The bytes of a file -> the stored square of its photo: the same pixels wherever it is asked.

Preparation and prediction both go this way. Only what the square needs is computed: a large JPEG is
decoded at a half, a quarter or an eighth of its size, as long as ``MARGIN`` allows.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet.data.colour import in_srgb
from alexnet.data.decode import decode_reduced, unpacked
from alexnet.data.jpeg import pixels_of
from alexnet.data.recognise import recognised
from alexnet.kernels.pictures import scale_square
from alexnet.preprocessing import fitted

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
    photo, native, profile = short or decode_reduced(data, upright, enough)
    square = fitted_square(photo, size, fit, filter)
    # Of so many pixels only, since this takes ten times as long for each as all the rest.
    return (square if profile is None else _in_srgb(square, profile)), native


def _in_srgb(square: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    return np.asarray(in_srgb(Image.fromarray(square), profile))


def fitted_square(
    photo: Image.Image | NDArray[np.uint8], size: int, fit: str = "crop", filter: str = "bicubic"
) -> NDArray[np.uint8]:
    """``preprocessing.fitted`` of an RGB picture or of pixels (rows, columns, 3); the same bits."""
    pixels = np.asarray(photo)
    rows, columns = pixels.shape[:2]
    side = min(rows, columns)
    left, top = (columns - side) / 2, (rows - side) / 2
    box = (left, top, left + side, top + side) if fit == "crop" else (0, 0, columns, rows)
    square = scale_square(pixels, box, size, filter)
    return fitted(Image.fromarray(pixels), size, fit, filter) if square is None else square
