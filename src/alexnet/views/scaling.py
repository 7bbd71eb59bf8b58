"""Pillow's bilinear scaling of a part of a picture, as sums of whole numbers on any device.

Pillow scales rows and then columns. It rounds the weights to multiples of 2^-22, adds up products
of whole numbers and rounds to a grey level; so does this, and float64 holds all of it exactly.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet.views.drawing import Draw

ONE = 2.0**22  # what stands for a weight of 1, as in Pillow's Resample.c


def scaled(picture: Tensor, drawn: Draw, crop: int) -> Tensor:
    """The box of a picture uint8 (size, size, 3), antialiased where it shrinks: (crop, crop, 3)."""
    size = picture.shape[0]
    across, down = (
        torch.from_numpy(weights(size, first, first + length, crop)).to(picture.device)
        for first, length in ((drawn.left, drawn.width), (drawn.top, drawn.height))
    )
    rows = _grey(across @ picture.double())  # (size, crop, 3): a product for each row
    return _grey(down @ rows.flatten(1)).reshape(crop, crop, 3).byte()


def weights(size: int, first: float, last: float, crop: int) -> NDArray[np.float64]:
    """How much of each of ``size`` pixels is in each of ``crop``: whole numbers, ONE is all."""
    begins, ends = np.float32(first), np.float32(last)  # as Pillow keeps a box
    scale = float(ends - begins) / crop
    reach = max(scale, 1.0)
    centres = (float(begins) + (np.arange(crop) + 0.5) * scale)[:, None]
    places = np.arange(size)
    inside = places >= (centres - reach + 0.5).astype(int)
    inside &= places < (centres + reach + 0.5).astype(int)
    shares = np.where(inside, np.maximum(1 - np.abs((places - centres + 0.5) * (1 / reach)), 0), 0)
    # Added up from left to right, as Pillow does: the last bit decides how a weight is rounded.
    whole: NDArray[np.float64] = np.floor(shares / shares.cumsum(1)[:, -1:] * ONE + 0.5)
    return whole


def _grey(sums: Tensor) -> Tensor:
    return ((sums + ONE / 2) / ONE).floor().clamp(0, 255)
