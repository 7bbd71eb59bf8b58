"""What a network will see of a set's pictures: training views, and the colour noise by itself."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.store import ImageSet
from alexnet.inspection.which import Which
from alexnet.preprocessing import Preprocessing
from alexnet.views import Augmentation, Draw, Means, colour_shift, draw, training_view

SHEET = 40  # pictures of the contact sheet
NOISES = 8
SEED = 0  # of what is drawn: the page of a set is always the same


@dataclass(frozen=True)
class View:
    """A picture as training shows it: uint8 (crop, crop, 3), the mean added again."""

    which: Which
    pixels: NDArray[np.uint8]
    drawn: Draw
    shift: NDArray[np.float32]  # grey levels added to red, green and blue


def way_of(images: ImageSet) -> Preprocessing:
    """Crops in the usual proportion of the set's size; the rest as usual."""
    crop = Preprocessing().of(images.size)
    return Preprocessing(size=images.size, fit=images.fit, filter=images.filter, crop=crop)


def training_views(images: ImageSet, wanted: int = SHEET) -> list[View]:
    """The views that training could show first of ``wanted`` pictures, at equal distances."""
    name, part = next(iter(images.parts.items()))  # train, or the first where there is none
    wanted = min(wanted, len(part))
    places = [(2 * n + 1) * len(part) // (2 * wanted) for n in range(wanted)]
    return [_view(images, Which(name, place), _drawn(images, place, 0)) for place in places]


def less_the_mean(images: ImageSet, view: View) -> NDArray[np.uint8]:
    """The same view as the network reads it, at half contrast: 128 stands for 0."""
    numbers = _seen(images, images.mean, view.which, view.drawn, view.shift)
    return _levels(numbers / 2 + 128)


def noise_samples(images: ImageSet) -> tuple[View, list[View]]:
    """The middle of the middle training picture, and that with the colours of NOISES epochs."""
    name, part = next(iter(images.parts.items()))
    place = len(part) // 2
    which, start = Which(name, place), (images.size - way_of(images).crop) // 2
    drawn = [
        replace(_drawn(images, place, epoch), left=start, top=start, mirrored=False)
        for epoch in range(NOISES)
    ]
    plain = replace(drawn[0], factors=np.zeros(3))
    return _view(images, which, plain), [_view(images, which, one) for one in drawn]


def _drawn(images: ImageSet, place: int, epoch: int) -> Draw:
    way = way_of(images)
    return draw(SEED, epoch, place, way.size, way.crop, Augmentation())


def _view(images: ImageSet, which: Which, drawn: Draw) -> View:
    shift = colour_shift(drawn, images.eigenvalues, images.axes)
    seen = _seen(images, np.zeros_like(images.mean), which, drawn, shift)
    return View(which, _levels(seen), drawn, shift)


def _seen(
    images: ImageSet,
    mean: NDArray[np.float32],
    which: Which,
    drawn: Draw,
    shift: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The numbers of a view: (crop, crop, 3)."""
    way = way_of(images)
    out = np.empty((way.crop, way.crop, 3), np.float32)
    training_view(which.pixels(images), Means.of(mean, way.crop), drawn, shift, way, out)
    return out


def _levels(numbers: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.clip(np.rint(numbers), 0, 255).astype(np.uint8)
    return levels
