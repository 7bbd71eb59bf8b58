"""What ``kernels.front.Kernels`` asks for, on a GPU: Triton's kernels, torch's convolutions.

Nothing here reads from the device nor copies to it, so that a step can be captured as a CUDA graph.
"""

from torch import Tensor
from torch.nn import functional

from alexnet.kernels import blocked
from alexnet.kernels.blocked import NormPool
from alexnet.kernels.gpu import norm_pool as fused
from alexnet.kernels.gpu.launch import interpreted

NAME = "Triton (interpreted)" if interpreted() else "Triton"

__all__ = ["NAME", "convolution", "norm_pool", "strided_convolution"]


def norm_pool(x: Tensor, numbers: NormPool) -> Tensor:
    """Normalised maps of x (N, C, H, W), rectified and pooled as ``numbers`` say."""
    if fused.takes(x, numbers):
        return fused.norm_pool(x, numbers)
    return blocked.norm_pool(x, numbers)


def convolution(
    x: Tensor, weight: Tensor, bias: Tensor, padding: int, groups: int, quick: bool
) -> Tensor:
    """conv2d with stride 1; cuDNN's choice of arithmetic is the same whether ``quick`` or not."""
    del quick
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
    """conv2d with a stride and so many output rows and columns; zeros beyond the edges."""
    del quick
    rows, columns = (
        max(0, (count - 1) * stride + window - side - 2 * padding)
        for count, window, side in zip(places, weight.shape[2:], x.shape[2:], strict=True)
    )
    if rows or columns:
        x = functional.pad(x, (0, columns, 0, rows))
    return functional.conv2d(x, weight, bias, stride, padding)
