"""ReLU, local response normalisation and max pooling as one step, worked a few pictures at a time.

torch's own normalisation makes a dozen passes over maps of 150 MB; here the temporaries of four
pictures stay in the processor's cache, and only the input and the places of the maxima are kept
for the way back. The window sum is a product with a banded matrix: rows of channels are
contiguous in channels_last, and matrix products are what a processor does best.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from alexnet.kernels.reference import band

BLOCK = 4  # pictures; 4 x 96 x 55 x 55 floats are 4.6 MB


@dataclass(frozen=True)
class NormPool:
    """The numbers of the step: ``alpha`` multiplies the plain sum of squares (section 3.3).

    ``relu`` says where it stands: before the normalisation (the paper), after the pooling (as run
    in 2012), or nowhere. ``window`` 1 means no pooling; pooling rounds up.
    """

    size: int
    alpha: float
    beta: float
    k: float
    groups: int = 1
    relu: Literal["before", "after", "none"] = "none"
    window: int = 1
    stride: int = 1


def norm_pool(x: Tensor, numbers: NormPool) -> Tensor:
    """Normalised maps of x (N, C, H, W), rectified and pooled as ``numbers`` say."""
    result: Tensor = _NormPool.apply(x, numbers)  # type: ignore[no-untyped-call]
    return result


def local_response_norm(
    x: Tensor, size: int, alpha: float, beta: float, k: float, groups: int = 1
) -> Tensor:
    """x / (k + alpha * sum of neighbours' squares)^beta, on float (N, C, H, W); section 3.3."""
    return norm_pool(x, NormPool(size, alpha, beta, k, groups))


class _NormPool(torch.autograd.Function):
    """The step with its gradient; sums over neighbours are taken again on the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, numbers: NormPool) -> Tensor:
        """Blocks of rows of channels: ReLU, sums, powers, pooling."""
        x = x.contiguous(memory_format=torch.channels_last)
        neighbours = band(x.shape[1], numbers.groups, numbers.size, x.device).to(x) * numbers.alpha
        results, places = [], []
        for block in torch.split(x, BLOCK):
            rows = _input(block, numbers)
            rows = rows * _power(_sums(rows, neighbours, numbers.k), numbers.beta)
            maxima, at = _pooled(_maps(rows, block), numbers)
            results.append(maxima.relu_() if numbers.relu == "after" else maxima)
            places.append(at)
        result = torch.cat(results)
        kept = [result] if numbers.relu == "after" else []
        ctx.save_for_backward(x, *places, *kept)
        ctx.numbers, ctx.neighbours, ctx.blocks = numbers, neighbours, len(places)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """dx = g s^-beta - 2 alpha beta x sum(g x s^(-beta-1)), where x was positive."""
        x, *others = ctx.saved_tensors
        numbers, neighbours = ctx.numbers, ctx.neighbours
        places, kept = others[: ctx.blocks], others[ctx.blocks :]
        upper = gradient.contiguous(memory_format=torch.channels_last)
        if kept:
            upper = torch.ops.aten.threshold_backward(upper, kept[0], 0)
        result = torch.empty_like(x)
        blocks = (torch.split(tensor, BLOCK) for tensor in (x, upper, result))
        for block, above, out, at in zip(*blocks, places, strict=True):
            rows = _input(block, numbers)
            sums = _sums(rows, neighbours, numbers.k)
            power = _power(sums, numbers.beta)
            power.mul_(_rows(_unpooled(above, block, at, numbers)))
            shared = (power * rows).div_(sums) @ neighbours.T
            power.addcmul_(rows, shared, value=-2 * numbers.beta)
            if numbers.relu == "before":
                torch.ops.aten.threshold_backward(power, rows, 0, grad_input=_rows(out))
            else:
                _rows(out).copy_(power)
        return result, None


def _input(block: Tensor, numbers: NormPool) -> Tensor:
    rows = _rows(block)
    return rows.relu() if numbers.relu == "before" else rows


def _pooled(maps: Tensor, numbers: NormPool) -> tuple[Tensor, Tensor]:
    """Maxima and their places; without pooling the maps themselves and no places."""
    if numbers.window == 1:
        return maps, torch.empty(0, dtype=torch.int32)
    maxima, at = functional.max_pool2d_with_indices(
        maps, [numbers.window] * 2, [numbers.stride] * 2, ceil_mode=True
    )
    return maxima, at.to(torch.int32)


def _unpooled(above: Tensor, block: Tensor, at: Tensor, numbers: NormPool) -> Tensor:
    if numbers.window == 1:
        return above
    window, stride = [numbers.window] * 2, [numbers.stride] * 2
    back: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(
        above, block, window, stride, [0, 0], [1, 1], True, at.long()
    )
    return back


def _rows(maps: Tensor) -> Tensor:
    """(N, C, H, W) in channels_last as (N * H * W, C), without a copy."""
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])


def _maps(rows: Tensor, like: Tensor) -> Tensor:
    count, channels, height, width = like.shape
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)


def _sums(rows: Tensor, neighbours: Tensor, k: float) -> Tensor:
    """k + alpha * sums of squares; ``neighbours`` is the band times alpha."""
    return torch.addmm(rows.new_full((1,), k), rows * rows, neighbours)


def _power(sums: Tensor, beta: float) -> Tensor:
    """sums^-beta; for the paper's 0.75 without a pow: s^-1/2 times s^-1/4."""
    if beta == 0.75:
        root = sums.rsqrt()
        return root.sqrt().mul_(root)
    return sums.pow(-beta)
