"""A convolution with a stride as one without: blocks of pixels become channels.

The first layer reads three channels with a stride of four, which leaves most of a processor's
vector lanes empty. The same sums over blocks of 4 x 4 pixels, 48 channels, are an ordinary 3 x 3
convolution; the window of 11 is filled up to 12 with zeros.
"""

import torch
from torch import Tensor
from torch.nn import functional

from alexnet.kernels import native


def unstrided(
    x: Tensor, weight: Tensor, stride: int, padding: int, positions: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Pictures and weights whose conv2d, without stride, is conv2d(x, weight, stride, padding).

    ``x``: (N, C, rows, columns); ``weight``: (kernels, C, window, window); ``positions``: output
    rows and columns. Beyond the edges there are zeros, as many as the positions need.
    """
    reach = reach_of(weight.shape[2], stride)
    blocks = _blocks_of_pixels(x, stride, padding, [count - 1 + reach for count in positions])
    return blocks, blocks_of_weights(weight, stride)


def reach_of(window: int, stride: int) -> int:
    """How many blocks a window covers, on a side."""
    return -(-window // stride)


def _blocks_of_pixels(x: Tensor, stride: int, padding: int, counts: list[int]) -> Tensor:
    """(N, C, rows, columns) as (N, stride * stride * C, block rows, block columns)."""
    if not torch.compiler.is_compiling() and native.takes_pixels(x):
        return native.blocks_of_pixels(x, stride, padding, counts)
    rows, columns = (count * stride - padding for count in counts)
    edges = (padding, columns - x.shape[3], padding, rows - x.shape[2])
    padded = functional.pad(x, edges).permute(0, 2, 3, 1)
    split = padded.reshape(x.shape[0], counts[0], stride, counts[1], stride, x.shape[1])
    gathered = split.transpose(2, 3).reshape(x.shape[0], *counts, -1)
    return gathered.permute(0, 3, 1, 2)


def blocks_of_weights(weight: Tensor, stride: int) -> Tensor:
    """(kernels, C, window, window) as (kernels, stride * stride * C, reach, reach)."""
    kernels, channels, window, _ = weight.shape
    reach = reach_of(window, stride)
    more = reach * stride - window
    split = functional.pad(weight, (0, more, 0, more)).reshape(
        kernels, channels, reach, stride, reach, stride
    )
    gathered = split.permute(0, 3, 5, 1, 2, 4).reshape(kernels, -1, reach, reach)
    return gathered.contiguous(memory_format=torch.channels_last)
