"""The way of a picture from a decoded photo to what the network reads; it travels with the model.

Geometry has three places: ``data.decode`` gives the photo as a viewer shows it, at native size;
``fitted`` here gives the stored square; ``views`` cuts what the network sees.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet.errors import UsageError

FITS = ("crop", "warp")
FILTERS = ("bicubic", "bilinear")
CHOICES = {
    "fit": FITS,
    "channels": ("RGB", "BGR"),
    "mean_at": ("crop", "centre"),
    "filter": FILTERS,
}


@dataclass(frozen=True)
class Preprocessing:
    """How pictures are made ready (section 2 of the paper); saved in ``model.json``.

    Pixels stay on the 0 to 255 scale: ``(pixel - mean) / scale``.
    """

    size: int = 256  # side of the stored square, pixels
    fit: str = "crop"  # crop: shorter side to size, central square; warp: both sides to size
    crop: int = 224  # side of what the network reads, pixels
    # Pixels are divided by this after the mean is subtracted; three numbers are for R, G and B.
    scale: float | tuple[float, float, float] = 1.0
    channels: str = "RGB"  # order in which the network reads the colours
    mirror: bool = True  # whether a mirrored picture still shows the same class
    # crop: each crop loses the mean of its own place, and mirrors it too; centre: all lose that of
    # the central crop, after mirroring, as in the 2012 program and cuda-convnet.
    mean_at: str = "crop"
    filter: str = "bicubic"  # how photos are scaled to the stored square

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                found, choices = getattr(self, name), " or ".join(known)
                raise UsageError(f"{name} is {found!r}; it can be {choices}.")
        if not 0 < self.crop <= self.size:
            raise UsageError(
                f"A crop of {self.crop} pixels does not fit into pictures of {self.size}; "
                "prepare the set with a larger --size."
            )
        object.__setattr__(self, "scale", _scale(self.scale))

    def of(self, size: int) -> int:
        """The crop's side for stored pictures of another size, in the same proportion."""
        return size * self.crop // self.size

    @property
    def options(self) -> str:
        """What `alexnet prepare` is told to make such squares."""
        return f"--size {self.size} --fit {self.fit} --filter {self.filter}"

    @property
    def divisor(self) -> NDArray[np.float32]:
        """The scale of R, G and B: (3,)."""
        return np.broadcast_to(np.asarray(self.scale, np.float32), 3)


def _scale(given: object) -> float | tuple[float, float, float]:
    """One number, or three from a list (as JSON has it); UsageError for anything else."""
    numbers = tuple(given) if isinstance(given, list | tuple) else (given,)
    if len(numbers) not in (1, 3) or not all(
        isinstance(number, int | float) and 0 < number < math.inf for number in numbers
    ):
        raise UsageError(f"scale is {given!r}; it must be a number above 0, or three (R, G, B).")
    values = [float(number) for number in numbers]
    return values[0] if len(values) == 1 else (values[0], values[1], values[2])


def fitted(
    photo: Image.Image, size: int, fit: str = "crop", filter: str = "bicubic"
) -> NDArray[np.uint8]:
    """The stored square of a photo: uint8, (size, size, 3), RGB.

    ``crop`` scales the shorter side to ``size`` and keeps the central square (section 2);
    ``warp`` scales both sides. The filters are Pillow's, antialiased when shrinking.
    Only the square's own pixels are computed, so a photo of 4000x8 costs no more than others.
    """
    width, height = photo.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side) if fit == "crop" else (0, 0, width, height)
    square = photo.resize((size, size), Image.Resampling[filter.upper()], box=box)
    return np.asarray(square, dtype=np.uint8)
