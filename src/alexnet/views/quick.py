"""The views of ``cutting`` on a CPU, a picture at a time, into memory that is there already."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet.kernels import native
from alexnet.kernels.pictures import scale_square
from alexnet.preprocessing import Preprocessing
from alexnet.views.drawing import Draw

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Means:
    """The mean image, and its centre as it is and mirrored; in C lines have to lie in order."""

    image: Pixels  # (size, size, 3)
    centre: Pixels  # (crop, crop, 3)
    mirrored: Pixels  # (crop, crop, 3)

    @classmethod
    def of(cls, image: Pixels, crop: int) -> "Means":
        """Those of a mean image for crops of a size."""
        start = (image.shape[0] - crop) // 2
        centre = image[start : start + crop, start : start + crop]
        return cls(image, centre, np.ascontiguousarray(centre[:, ::-1]))


def training_view(
    picture: NDArray[np.uint8], means: Means, drawn: Draw, shift: Pixels, way: Preprocessing,
    out: Pixels, divisor: float = 1.0,
) -> None:  # fmt: skip
    """Write the drawn view of a picture (size, size, 3) into ``out`` (crop, crop, 3).

    The bits of ``cut_views`` for one picture, channels last, in the order that the network reads.
    ``shift``: (3,), grey levels added to R, G and B; ``divisor``: what all is divided by beside
    the scale.
    """
    seen, lost = _window(picture, drawn, way.crop), _lost(means, drawn, way)
    if not native.cut_view(seen, lost, shift, way.divisor, out, drawn.mirrored):
        np.subtract(seen, lost, out=out[:, ::-1] if drawn.mirrored else out)
        out += shift
        out /= way.divisor
    if divisor != 1:
        out /= divisor
    if way.channels == "BGR":  # plane by plane, in a third of the time of out[..., ::-1]
        red = out[..., 0].copy()
        out[..., 0], out[..., 2] = out[..., 2], red


def _window(picture: NDArray[np.uint8], drawn: Draw, crop: int) -> NDArray[np.uint8]:
    """What the box shows, not mirrored."""
    if drawn.plain(crop):
        top, left = int(drawn.top), int(drawn.left)
        return picture[top : top + crop, left : left + crop]
    box = (drawn.left, drawn.top, drawn.left + drawn.width, drawn.top + drawn.height)
    scaled = scale_square(picture, box, crop, "bilinear")
    if scaled is not None:
        return scaled
    bilinear = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(picture).resize((crop, crop), bilinear, box=box))


def _lost(means: Means, drawn: Draw, way: Preprocessing) -> Pixels:
    """What is subtracted before all is mirrored."""
    if way.mean_at == "centre":  # mirrored twice, it is itself again
        return means.mirrored if drawn.mirrored else means.centre
    if not drawn.plain(way.crop):
        return means.centre
    top, left = int(drawn.top), int(drawn.left)
    return means.image[top : top + way.crop, left : left + way.crop]
