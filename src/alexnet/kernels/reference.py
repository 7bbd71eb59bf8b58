"""The arithmetic of the layers in plain, differentiable torch: short, and the definition."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional


@lru_cache(maxsize=16)
def band(channels: int, groups: int, size: int, device: torch.device | str = "cpu") -> Tensor:
    """Which maps are neighbours: float32 (channels, channels), [j, i] is 1 where i's sum has j.

    The ``size`` neighbours of map i begin at i - size // 2, as in cuda-convnet and torch. The band
    is broken where a group (tower) ends: its maps have no neighbours beyond.
    """
    # Kept for later calls, so it must not be a tensor of inference mode, which cannot train.
    with torch.inference_mode(False):
        maps = torch.arange(channels, device=device)
        away = maps[:, None] - maps[None, :] + size // 2
        tower = maps // (channels // groups)
        return ((away >= 0) & (away < size) & (tower[:, None] == tower[None, :])).float()


def local_response_norm(
    x: Tensor,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    groups: int = 1,
) -> Tensor:
    """x / (k + alpha * sum of neighbours' squares)^beta, on float (N, C, H, W); section 3.3."""
    neighbours = band(x.shape[1], groups, size, x.device).to(x)
    squares = torch.einsum("nchw,cd->ndhw", x * x, neighbours)
    return x * (k + alpha * squares) ** -beta


def within_map_norm(x: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """x / (k + alpha * sum of squares of a window of the same map)^beta; cuda-convnet's rnorm."""
    return x * (k + alpha * window_sums(x * x, size)) ** -beta


def contrast_norm(x: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """The same with squares of x less the mean of its window; cuda-convnet's cnorm."""
    inside = window_sums(torch.ones_like(x[:1, :1]), size)
    away = x - window_sums(x, size) / inside
    return x * (k + alpha * window_sums(away * away, size)) ** -beta


def window_sums(x: Tensor, size: int) -> Tensor:
    """Sums over size x size windows that begin size // 2 before each pixel, cut off at the edge."""
    before, after = size // 2, size - 1 - size // 2
    padded = functional.pad(x, (before, after, before, after))
    return functional.avg_pool2d(padded, size, 1, divisor_override=1)


def locally_connected(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    """A convolution with weights of its own at each position; float (N, C, H, W), stride 1.

    ``weight``: (rows, columns, kernels, C, window, window); ``bias``: (rows, columns, kernels).
    """
    rows, columns, kernels, _, window, _ = weight.shape
    # Contiguous, because of strided products torch makes many small ones.
    seen = functional.unfold(x, window, padding=padding).permute(2, 0, 1).contiguous()
    held = weight.reshape(rows * columns, kernels, -1).transpose(1, 2).contiguous()
    outputs = torch.baddbmm(bias.reshape(-1, 1, kernels), seen, held)
    return outputs.permute(1, 2, 0).reshape(x.shape[0], kernels, rows, columns)


def grouped_linear(x: Tensor, weight: Tensor, bias: Tensor, groups: int) -> Tensor:
    """A dense layer in which each group of units reads its own share of the inputs (N, inputs).

    ``weight``: (units, inputs / groups).
    """
    shares = x.reshape(x.shape[0], groups, -1).transpose(0, 1)
    held = weight.reshape(groups, -1, weight.shape[1]).transpose(1, 2)
    return torch.bmm(shares, held).transpose(0, 1).reshape(x.shape[0], -1) + bias
