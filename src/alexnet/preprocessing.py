"""The way of a picture from a decoded photo to what the network reads; it travels with the model.

Geometry has three places: ``data.decode`` gives the photo as a viewer shows it, at native size;
``fitted`` here gives the stored square; ``views`` cuts what the network sees.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet.errors import UsageError

FITS = ("crop", "warp")


@dataclass(frozen=True)
class Preprocessing:
    """How pictures are made ready (section 2 of the paper); saved in ``model.json``.

    Pixels stay on the 0 to 255 scale: ``(pixel - mean) / scale``.
    """

    size: int = 256  # side of the stored square, pixels
    fit: str = "crop"  # crop: shorter side to size, central square; warp: both sides to size
    crop: int = 224  # side of what the network reads, pixels
    scale: float = 1.0  # pixels are divided by this after the mean is subtracted
    channels: str = "RGB"  # order in which the network reads the colours
    mirror: bool = True  # whether a mirrored picture still shows the same class

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise UsageError(f"fit is {self.fit!r}; it can be {' or '.join(FITS)}.")
        if not 0 < self.crop <= self.size:
            raise UsageError(
                f"A crop of {self.crop} pixels does not fit into pictures of {self.size}; "
                "prepare the set with a larger --size."
            )


def fitted(photo: Image.Image, size: int, fit: str = "crop") -> NDArray[np.uint8]:
    """The stored square of a photo: uint8, (size, size, 3), RGB.

    ``crop`` scales the shorter side to ``size`` and keeps the central square (section 2);
    ``warp`` scales both sides. The filter is Pillow's bicubic one, antialiased when shrinking.
    Only the square's own pixels are computed, so a photo of 4000x8 costs no more than others.
    """
    width, height = photo.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side) if fit == "crop" else (0, 0, width, height)
    square = photo.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return np.asarray(square, dtype=np.uint8)
