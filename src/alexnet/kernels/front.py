"""One front to the kernels on tensors, that picks an implementation and names it.

``reference`` is the definition in plain torch; ``native`` (C) and ``blocked`` are what a CPU runs.
"""

from typing import Protocol

from torch import Tensor
from torch.nn import functional

from alexnet.kernels import blocked, native, strided, winograd
from alexnet.kernels.blocked import NormPool
from alexnet.kernels.reference import (
    contrast_norm,
    grouped_linear,
    locally_connected,
    within_map_norm,
)

NAME = f"C, {native.variant()}" if native.library() else "plain torch, in blocks of pictures"

__all__ = [
    "NAME",
    "Kernels",
    "NormPool",
    "contrast_norm",
    "convolution",
    "grouped_linear",
    "local_response_norm",
    "locally_connected",
    "norm_pool",
    "strided_convolution",
    "within_map_norm",
]


class Kernels(Protocol):
    """What a network does on the device that it is on: this module, or ``gpu.front``."""

    NAME: str

    def norm_pool(self, x: Tensor, numbers: NormPool) -> Tensor:
        """ReLU, normalisation and pooling as ``numbers`` say."""

    def convolution(
        self, x: Tensor, weight: Tensor, bias: Tensor, padding: int, groups: int, quick: bool
    ) -> Tensor:
        """A convolution with stride 1."""

    def strided_convolution(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        stride: int,
        padding: int,
        places: tuple[int, int],
        quick: bool,
    ) -> Tensor:
        """A convolution with a stride."""


def norm_pool(x: Tensor, numbers: NormPool) -> Tensor:
    """Normalised maps of x (N, C, H, W), rectified and pooled as ``numbers`` say."""
    if native.takes(x, numbers):
        return native.norm_pool(x, numbers)
    return blocked.norm_pool(x, numbers)


def convolution(
    x: Tensor, weight: Tensor, bias: Tensor, padding: int, groups: int, quick: bool
) -> Tensor:
    """conv2d with stride 1; ``quick``: some more rounding error will do, where that saves time."""
    if quick and winograd.takes(x, weight, padding, groups):
        return winograd.convolution(x, weight, bias, padding, groups)
    return functional.conv2d(x, weight, bias, padding=padding, groups=groups)


def strided_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    stride: int,
    padding: int,
    places: tuple[int, int],
    quick: bool,
) -> Tensor:
    """conv2d with a stride and so many output rows and columns; ``quick`` as in convolution."""
    blocks, weights = strided.unstrided(x, weight, stride, padding, places)
    return convolution(blocks, weights, bias, 0, 1, quick)


def local_response_norm(
    x: Tensor, size: int, alpha: float, beta: float, k: float, groups: int = 1
) -> Tensor:
    """x / (k + alpha * sum of neighbours' squares)^beta, on float (N, C, H, W); section 3.3."""
    return norm_pool(x, NormPool(size, alpha, beta, k, groups))
