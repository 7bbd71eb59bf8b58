"""What is drawn for a picture in an epoch: place of the crop, mirror, colours."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alexnet.randomness import generator


@dataclass(frozen=True)
class Augmentation:
    """How training pictures vary (section 4.1)."""

    mirror: bool = True
    colour_noise: float = 0.1  # standard deviation of the factors of the colour axes
    area: float = 1.0  # least share of the picture that a crop shows; 1: plain crops, no scaling
    colour_unit: str = "eigenvalue"  # what the factors multiply; deviation: its square root, as run
    noise_until: float = math.inf  # epochs, from which on no noise is added
    divide: bool = False  # by 1 + colour_noise while there is noise, as run
    block: int = 1  # pictures in a row that share crop and mirror; 32 as run

    def noise(self, epoch: int) -> float:
        """The noise of an epoch, counted from 0."""
        return self.colour_noise if epoch < self.noise_until else 0.0

    def divisor(self, epoch: int) -> float:
        """What pictures and noise are divided by in an epoch."""
        return 1.0 + self.noise(epoch) if self.divide else 1.0


@dataclass(frozen=True)
class Draw:
    """What was drawn for one picture in one epoch: a box in stored pixels, mirror, colours."""

    left: float
    top: float
    width: float
    height: float
    mirrored: bool
    factors: NDArray[np.float64]

    def plain(self, crop: int) -> bool:
        """Whether the box is a window of ``crop`` pixels, so that nothing is to be scaled."""
        return self.width == self.height == crop and self.left % 1 == self.top % 1 == 0


def draw(
    seed: int, epoch: int, image: int, size: int, crop: int, ways: Augmentation, place: int = 0
) -> Draw:
    """The variation of a picture in an epoch, a function of its arguments alone.

    ``place`` is the picture's in the stream of all epochs; blocks of it share crop and mirror.
    With area 1 a window of ``crop`` pixels at offsets 0 to size - crop, both included; otherwise
    a window of ``area`` to 1 of the picture and of 3/4 to 4/3 in shape, to be scaled to ``crop``.
    """
    own = generator(seed, "view", epoch, image)
    random = own if ways.block == 1 else generator(seed, "block", place // ways.block)
    width = height = float(crop)
    if ways.area < 1:
        share = random.uniform(ways.area, 1.0)
        # The widest shape that still fits into the picture with that share of it.
        most = min(math.log(4 / 3), -math.log(share)) / 2
        shape = math.exp(random.uniform(-1.0, 1.0) * most)
        width, height = (min(size, size * math.sqrt(share) * f) for f in (shape, 1 / shape))
        left, top = random.uniform(0, size - width), random.uniform(0, size - height)
    else:
        left, top = random.integers(0, size - crop + 1, 2).tolist()
    mirrored = bool(random.random() < 0.5) and ways.mirror
    factors = ways.noise(epoch) * own.standard_normal(3)
    return Draw(left, top, width, height, mirrored, factors)


def colour_shift(
    drawn: Draw, eigenvalues: NDArray[np.float64], axes: NDArray[np.float64],
    unit: str = "eigenvalue",
) -> NDArray[np.float32]:  # fmt: skip
    """Grey levels added to R, G and B of every pixel: 255 [p1 p2 p3][a1 l1, a2 l2, a3 l3]^T.

    Section 4.1; ``eigenvalues`` belong to pixels in [0, 1], ``axes`` has components as columns.
    With the unit "deviation" their square roots are taken, as the 2012 program did.
    """
    return shifts_of(drawn.factors, eigenvalues, axes, unit)


def shifts_of(
    factors: NDArray[np.float64], eigenvalues: NDArray[np.float64], axes: NDArray[np.float64],
    unit: str,
) -> NDArray[np.float32]:  # fmt: skip
    """The colour shifts (..., 3) of factors (..., 3), of one picture or of many.

    The sums are written out: a product of matrices has other last bits with another library.
    """
    lengths = np.sqrt(eigenvalues) if unit == "deviation" else eigenvalues
    first, second, third = 255 * axes.T
    amounts = (factors * lengths)[..., None]
    sums = amounts[..., 0, :] * first + amounts[..., 1, :] * second + amounts[..., 2, :] * third
    shifts: NDArray[np.float32] = sums.astype(np.float32)
    return shifts
