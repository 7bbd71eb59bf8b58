"""Convolutions of 3x3 and 5x5 windows with less than half of the products, in C.

Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
2016): tiles of 6x6 places give 4x4 or 2x2 outputs by 36 products instead of 144 or 100. Outputs
and inputs are transformed in C (winograd.h), weights here. The sums are those of conv2d in another
order, with up to four times its rounding error in outputs and twenty in gradients of weights
(docs/results.md). One pixel that is no number spoils the outputs of its tile.
"""

import ctypes
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from alexnet.kernels import native

POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and infinity; winograd.h has the same
SIDE = 6  # of a tile of inputs
PLACES = SIDE * SIDE
LANES = {"avx512": 16, "avx2": 8}
WINDOWS = (3, 5)
SAVING = 1.5  # products that conv2d does for one of ours, below which the transforms cost too much


class _Convolved(ctypes.Structure):
    """``Convolved`` of winograd.h."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            "pictures", "rows", "columns", "channels", "out_rows", "out_columns", "kernels",
            "groups", "window", "padding",
        )
    ]  # fmt: skip


def takes(x: Tensor, weight: Tensor, padding: int, groups: int) -> bool:
    """Whether this convolution, of stride 1, can be done here with much less arithmetic."""
    lanes = LANES.get(native.variant())
    return (
        native.library() is not None
        and lanes is not None
        and x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and weight.shape[2] == weight.shape[3]
        and weight.shape[2] in WINDOWS
        and weight.shape[1] % lanes == 0
        and weight.shape[0] // groups % lanes == 0
        and _saving(x, weight.shape[2], padding) >= SAVING
    )


def _saving(x: Tensor, window: int, padding: int) -> float:
    rows, columns = _sides(x, window, padding)
    side = SIDE + 1 - window  # of a tile's outputs
    tiles = -(-rows // side) * -(-columns // side)
    return window**2 * rows * columns / (PLACES * tiles)


def _sides(x: Tensor, window: int, padding: int) -> list[int]:
    """Rows and columns of the outputs."""
    return [side + 2 * padding - window + 1 for side in x.shape[2:]]


@dataclass(frozen=True)
class _Way:
    """What does not follow from the tensors."""

    padding: int
    groups: int
    instructions: str

    @property
    def lanes(self) -> int:
        """Floats in a vector: channels and kernels go in blocks of so many."""
        return LANES[self.instructions]


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    padding: int,
    groups: int,
    instructions: str | None = None,
) -> Tensor:
    """conv2d(x, weight, bias, padding=padding, groups=groups), where ``takes`` says so."""
    way = _Way(padding, groups, instructions or native.variant())
    result: Tensor = _Winograd.apply(x, weight, bias, way)  # type: ignore[no-untyped-call]
    return result


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, way: _Way) -> Tensor:
        """The outputs, channels_last."""
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        ctx.way = way
        return _convolved(x, weight, bias.contiguous(), way)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of x, weight and bias, each where it is wanted."""
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            back = replace(ctx.way, padding=weight.shape[2] - 1 - ctx.way.padding)
            of_x = _convolved(gradient, _turned(weight, back.groups), None, back)
        if ctx.needs_input_grad[1]:
            of_weight = _weight_gradient(x, gradient, weight, ctx.way)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum((0, 2, 3))
        return of_x, of_weight, of_bias, None


def _convolved(x: Tensor, weight: Tensor, bias: Tensor | None, way: _Way) -> Tensor:
    described = _described(x, weight, way)
    shape = (x.shape[0], weight.shape[0], described.out_rows, described.out_columns)
    y = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    transformed = _transformed(weight, way.lanes)
    native.call(f"winograd_forward_{way.instructions}", described, x, transformed, bias, y)
    return y


def _weight_gradient(x: Tensor, gradient: Tensor, weight: Tensor, way: _Way) -> Tensor:
    kernels, channels, window, _ = weight.shape
    sums = torch.zeros(PLACES, kernels * channels, dtype=x.dtype, device=x.device)
    name = f"winograd_weights_{way.instructions}"
    native.call(name, _described(x, weight, way), x, gradient, sums)
    values = _both_ways(window).t() @ sums
    blocks = values.view(window, window, kernels // way.lanes, channels, way.lanes)
    result = blocks.permute(2, 4, 3, 0, 1).reshape(weight.shape)
    return result.contiguous(memory_format=torch.channels_last)


def _transformed(weight: Tensor, lanes: int) -> Tensor:
    """(36, blocks of kernels, channels, lanes) of weights (kernels, channels, window, window)."""
    kernels, channels, window, _ = weight.shape
    blocks = weight.detach().reshape(kernels // lanes, lanes, channels, window, window)
    return _both_ways(window) @ blocks.permute(3, 4, 0, 2, 1).reshape(window * window, -1)


def _turned(weight: Tensor, groups: int) -> Tensor:
    """The weights of the convolution that takes gradients of outputs to those of inputs."""
    kernels, channels, window, _ = weight.shape
    split = weight.detach().reshape(groups, kernels // groups, channels, window, window)
    turned = split.transpose(1, 2).flip(3, 4)
    return turned.reshape(groups * channels, kernels // groups, window, window)


@lru_cache
def _both_ways(window: int) -> Tensor:
    """(36, window * window): weights' values at the points, rows and columns at once."""
    rows = [[point**power / _product(point) for power in range(window)] for point in POINTS] + [
        [0.0] * (window - 1) + [1.0]
    ]
    once = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(once, once).float()


def _product(point: float) -> float:
    result = 1.0
    for other in POINTS:
        result *= point - other if other != point else 1.0
    return result


def _described(x: Tensor, weight: Tensor, way: _Way) -> _Convolved:
    pictures, channels, rows, columns = x.shape
    kernels, _, window, _ = weight.shape
    sides = _sides(x, window, way.padding)
    return _Convolved(
        pictures, rows, columns, channels, *sides, kernels, way.groups, window, way.padding
    )
