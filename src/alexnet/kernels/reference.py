"""Local response normalisation in plain, differentiable torch: short, and the definition."""

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=16)
def band(channels: int, groups: int, size: int) -> Tensor:
    """Which maps are neighbours: float32 (channels, channels), 1 within ``size`` // 2, else 0.

    The band is broken where a group (tower) ends: its maps have no neighbours beyond.
    """
    # Kept for later calls, so it must not be a tensor of inference mode, which cannot train.
    with torch.inference_mode(False):
        maps = torch.arange(channels)
        near = (maps[:, None] - maps[None, :]).abs() <= size // 2
        tower = maps // (channels // groups)
        return (near & (tower[:, None] == tower[None, :])).float()


def local_response_norm(
    x: Tensor,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    groups: int = 1,
) -> Tensor:
    """x / (k + alpha * sum of neighbours' squares)^beta, on float (N, C, H, W); section 3.3."""
    neighbours = band(x.shape[1], groups, size).to(x)
    squares = torch.einsum("nchw,cd->ndhw", x * x, neighbours)
    return x * (k + alpha * squares) ** -beta
