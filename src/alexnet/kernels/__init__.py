"""Arithmetic on tensors, without layers: one front that picks an implementation and names it.

``reference`` is the definition in plain torch; ``native`` (C) and ``blocked`` are what a CPU runs.
"""

from torch import Tensor

from alexnet.kernels import blocked, native
from alexnet.kernels.blocked import NormPool
from alexnet.kernels.reference import (
    contrast_norm,
    grouped_linear,
    locally_connected,
    within_map_norm,
)
from alexnet.kernels.strided import strided_convolution

NAME = f"C, {native.variant()}" if native.library() else "plain torch, in blocks of pictures"

__all__ = [
    "NAME",
    "NormPool",
    "contrast_norm",
    "grouped_linear",
    "local_response_norm",
    "locally_connected",
    "norm_pool",
    "strided_convolution",
    "within_map_norm",
]


def norm_pool(x: Tensor, numbers: NormPool) -> Tensor:
    """Normalised maps of x (N, C, H, W), rectified and pooled as ``numbers`` say."""
    if native.takes(x, numbers):
        return native.norm_pool(x, numbers)
    return blocked.norm_pool(x, numbers)


def local_response_norm(
    x: Tensor, size: int, alpha: float, beta: float, k: float, groups: int = 1
) -> Tensor:
    """x / (k + alpha * sum of neighbours' squares)^beta, on float (N, C, H, W); section 3.3."""
    return norm_pool(x, NormPool(size, alpha, beta, k, groups))
