"""What the network sees of a stored picture: crops, mirror, colour noise, and the views of a test.

Pixels stay on the 0 to 255 scale. A crop loses the mean of its own place (section 2), or that of
the centre wherever it lies (as run in 2012); then the colour noise is added; then all is divided by
the preprocessing's scale.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from alexnet.errors import UsageError
from alexnet.kernels import native
from alexnet.preprocessing import Preprocessing
from alexnet.randomness import generator

CENTRE = 2  # the place of the central view among five or ten


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
    lengths = np.sqrt(eigenvalues) if unit == "deviation" else eigenvalues
    return (255 * axes @ (drawn.factors * lengths)).astype(np.float32)


def training_view(
    picture: NDArray[np.uint8],
    mean: NDArray[np.float32],
    drawn: Draw,
    shift: NDArray[np.float32],
    way: Preprocessing,
    out: NDArray[np.float32],
) -> None:
    """Write the drawn view of a picture (size, size, 3) into ``out`` (crop, crop, 3), RGB."""
    target = out[:, ::-1] if drawn.mirrored else out
    crop = out.shape[0]
    if (drawn.width, drawn.height) == (crop, crop):
        top, left = int(drawn.top), int(drawn.left)
        window = np.s_[top : top + crop, left : left + crop]
        own = mean[window] if way.mean_at == "crop" else _central(mean, crop)
        if drawn.mirrored and way.mean_at == "centre":
            own = own[:, ::-1]  # mirrored with the picture it is itself again
        if native.cut_view(picture[window], own, shift, way.divisor, out, drawn.mirrored):
            return
        np.subtract(picture[window], own, out=target)
    else:
        box = (drawn.left, drawn.top, drawn.left + drawn.width, drawn.top + drawn.height)
        scaled = Image.fromarray(picture).resize((crop, crop), Image.Resampling.BILINEAR, box=box)
        np.subtract(np.asarray(scaled), _central(mean, crop), out=target)
    out += shift
    out /= way.divisor


def _central(pictures: NDArray[np.float32], crop: int) -> NDArray[np.float32]:
    start = (pictures.shape[0] - crop) // 2
    return pictures[start : start + crop, start : start + crop]


def offsets(size: int, crop: int) -> list[tuple[int, int]]:
    """(top, left) of the five views in the original's order: corners, with the centre third."""
    far, middle = size - crop, (size - crop) // 2
    return [(0, 0), (0, far), (middle, middle), (far, 0), (far, far)]


def test_views(
    pictures: NDArray[np.uint8], mean: NDArray[np.float32], way: Preprocessing, views: int
) -> Iterator[Tensor]:
    """Each view of a batch as float32 (N, 3, crop, crop) in channels_last; section 4.1.

    1: the centre. 5: top left, top right, centre, bottom left, bottom right. 10: these, and then
    the same mirrored. ``pictures`` is uint8 (N, size, size, 3). One view is made at a time.
    """
    if views not in (1, 5, 10):
        raise UsageError(f"{views} views were asked for; there can be 1, 5 or 10.")
    # A copy, because a set's pictures are mapped read-only, and torch warns of such arrays.
    stored, means = torch.from_numpy(np.array(pictures)), torch.from_numpy(mean)
    crop, places = way.crop, offsets(way.size, way.crop)
    divisor = torch.from_numpy(way.divisor.copy())
    for mirrored in (False, True)[: 2 if views == 10 else 1]:
        for place in places if views > 1 else [places[CENTRE]]:
            view = _window(stored, *place, crop).float()
            lost = _window(means, *(place if way.mean_at == "crop" else places[CENTRE]), crop)
            if mirrored:
                view, lost = view.flip(2), lost.flip(1) if way.mean_at == "crop" else lost
            yield _as_read((view - lost) / divisor, way)


def _window(pictures: Tensor, top: int, left: int, crop: int) -> Tensor:
    """A square of pictures (..., size, size, 3)."""
    return pictures[..., top : top + crop, left : left + crop, :]


def _as_read(view: Tensor, way: Preprocessing) -> Tensor:
    """(N, crop, crop, 3) as the network reads it."""
    view = view.flip(-1) if way.channels == "BGR" else view
    return view.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


test_views.__test__ = False  # type: ignore[attr-defined]  # pytest: a name, not a test
