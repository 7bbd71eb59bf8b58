"""ReLU, local response normalisation and max pooling as one step, worked a few pictures at a time.

torch's own normalisation makes a dozen passes over maps of 150 MB; here the temporaries of four
pictures stay in the processor's cache, and only the input and the places of the maxima are kept
for the way back. The window sum is a product with a banded matrix: rows of channels are
contiguous in channels_last, and matrix products are what a processor does best.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from alexnet.kernels.reference import band

BLOCK = 4  # pictures; 4 x 96 x 55 x 55 floats are 4.6 MB


def relu_norm_pool(
    x: Tensor, size: int, alpha: float, beta: float, k: float, groups: int, window: int, stride: int
) -> Tensor:
    """Max pooling, rounding up, of the normalised ReLU of x (N, C, H, W); sections 3.1 to 3.4."""
    pooled: Tensor = ReluNormPool.apply(  # type: ignore[no-untyped-call]
        x, size, alpha, beta, k, groups, window, stride
    )
    return pooled


class ReluNormPool(torch.autograd.Function):
    """The step with its gradient; sums over neighbours are taken again on the way back."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        size: int,
        alpha: float,
        beta: float,
        k: float,
        groups: int,
        window: int,
        stride: int,
    ) -> Tensor:
        """Blocks of rows of channels: ReLU, sums, powers, pooling."""
        x = x.contiguous(memory_format=torch.channels_last)
        neighbours = band(x.shape[1], groups, size).to(x) * alpha
        pooled, places = [], []
        for block in torch.split(x, BLOCK):
            rows = _rows(block).relu()
            rows.mul_(_power(_sums(rows, neighbours, k), beta))
            maxima, at = functional.max_pool2d_with_indices(
                _maps(rows, block), [window] * 2, [stride] * 2, ceil_mode=True
            )
            pooled.append(maxima)
            places.append(at.to(torch.int32))
        ctx.save_for_backward(x, *places)
        ctx.settings = neighbours, beta, k, window, stride
        return torch.cat(pooled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """dx = g s^-beta - 2 alpha beta x sum(g x s^(-beta-1)), where x was positive."""
        x, *places = ctx.saved_tensors
        neighbours, beta, k, window, stride = ctx.settings
        result = torch.empty_like(x)
        gradients = gradient.contiguous(memory_format=torch.channels_last)
        for block, upper, out, at in zip(
            *(torch.split(tensor, BLOCK) for tensor in (x, gradients, result)), places, strict=True
        ):
            rows = _rows(block).relu()
            sums = _sums(rows, neighbours, k)
            power = _power(sums, beta)
            upper = torch.ops.aten.max_pool2d_with_indices_backward(
                upper, block, [window] * 2, [stride] * 2, [0, 0], [1, 1], True, at.long()
            )
            power.mul_(_rows(upper))
            shared = (power * rows).div_(sums) @ neighbours
            power.addcmul_(rows, shared, value=-2 * beta)
            torch.ops.aten.threshold_backward(power, rows, 0, grad_input=_rows(out))
        return result, *(None,) * 7


def _rows(maps: Tensor) -> Tensor:
    """(N, C, H, W) in channels_last as (N * H * W, C), without a copy."""
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])


def _maps(rows: Tensor, like: Tensor) -> Tensor:
    count, channels, height, width = like.shape
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)


def _sums(rows: Tensor, neighbours: Tensor, k: float) -> Tensor:
    """k + alpha * sums of squares; ``neighbours`` is the band times alpha."""
    return torch.addmm(rows.new_tensor([k]), rows * rows, neighbours)


def _power(sums: Tensor, beta: float) -> Tensor:
    """sums^-beta; for the paper's 0.75 without a pow: s^-1/2 times s^-1/4."""
    if beta == 0.75:
        root = sums.rsqrt()
        return root.sqrt().mul_(root)
    return sums.pow(-beta)
