"""``kernels.chroma.encode`` on the device, where a set is loaded: the same bits."""

import torch
from torch import Tensor

from alexnet.kernels.chroma import CHROMA, HALF, LIGHT, MIDDLE, POINT, picture_bytes


def encode(pictures: Tensor) -> Tensor:
    """Pictures uint8 (N, size, size, 3), RGB, as YUV 4:2:0, uint8 (N, size * size * 3 // 2)."""
    count, size = pictures.shape[:2]
    found = pictures.new_empty((count, picture_bytes(size)))
    wide = pictures.int()
    found[:, : size * size] = ((_mixed(wide, LIGHT) + HALF) >> POINT).flatten(1)
    squares = wide.view(count, size // 2, 2, size // 2, 2, 3).sum((2, 4), dtype=torch.int32)
    planes = [
        (((_mixed(squares, mixture) >> 2) + MIDDLE) >> POINT).flatten(1) for mixture in CHROMA
    ]
    found[:, size * size :] = torch.cat(planes, 1)
    return found


def _mixed(colours: Tensor, shares: tuple[int, int, int]) -> Tensor:
    """Whole-number sums of R, G and B; a GPU has no matrix product for such."""
    red, green, blue = (colours[..., at] * share for at, share in enumerate(shares))
    return red + green + blue
