"""ReLU, local response normalisation and max pooling as one step on a GPU, float32 or bfloat16.

The step of ``kernels.blocked`` with the places of the maxima in a byte each, as the C kernels keep
them; float32 inside, rounded once. ``norm_pool_kernels`` has the arithmetic.
"""

from dataclasses import astuple
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from alexnet.kernels.blocked import NormPool
from alexnet.kernels.gpu.launch import LIBRARY, can_run, operator, shapes_of
from alexnet.kernels.gpu.neighbours import Shape
from alexnet.kernels.gpu.norm_pool_kernels import backward, forward

__all__ = ["norm_pool", "shape_of", "takes"]

BLOCK = 128  # threads of a program
MOST_PLACES = 16  # in a pooling window: the way back is written out place by place
MOST_SIZE = 17  # neighbours: they too are written out
MOST_THREADS = 2**30  # they are counted in int32
PROGRAMS = 8192  # where there is so much to do: eight turns for all processors of an H200
BYTES = 16  # of a vector: what a thread loads at once


def takes(x: Tensor, numbers: NormPool) -> bool:
    """Whether the kernels can do this step."""
    return (
        can_run(x)
        and x.dtype in (torch.float32, torch.bfloat16)
        and numbers.window**2 <= MOST_PLACES
        and numbers.size <= MOST_SIZE
        and numbers.k > 0  # else s may be 0 beyond a tower, and 0 times infinity is no number
        and x.numel() // _vector(x, numbers) < MOST_THREADS
    )


def norm_pool(x: Tensor, numbers: NormPool) -> Tensor:
    """Normalised maps of x (N, C, H, W), rectified and pooled as ``numbers`` say.

    x: float32 or bfloat16, brought to channels_last if it is not; the result is of its dtype, in
    channels_last.
    """
    result: Tensor = maxima(x, *astuple(numbers))[0]
    return result


@operator("norm_pool")
def maxima(
    x: Tensor, size: int, alpha: float, beta: float, k: float, groups: int, relu: str, window: int,
    stride: int,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The step's result, and the places of the maxima in their windows (uint8, of one shape).

    Without pooling there are no places: (0,).
    """
    numbers = _numbers(size, alpha, beta, k, groups, relu, window, stride)
    x = x.contiguous(memory_format=torch.channels_last)
    y, places = _outputs(x, numbers)
    shape = shape_of(x, numbers)
    threads = x.shape[0] * y.shape[3] * (x.shape[1] // int(shape.vector))
    programs = triton.cdiv(threads, BLOCK)
    chunk = triton.cdiv(y.shape[2], max(1, PROGRAMS // max(1, programs)))
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        forward[(programs, triton.cdiv(y.shape[2], chunk))](
            x, y, places, threads, alpha, beta, k, chunk, S=shape, BLOCK=BLOCK
        )
    return y, places


@operator("norm_pool_backward")
def gradient(
    x: Tensor, upper: Tensor, places: Tensor, size: int, alpha: float, beta: float, k: float,
    groups: int, relu: str, window: int, stride: int,
) -> Tensor:  # fmt: skip
    """The gradient of x (in its dtype, channels_last); ``upper``: that of the step's result."""
    numbers = _numbers(size, alpha, beta, k, groups, relu, window, stride)
    x = x.contiguous(memory_format=torch.channels_last)
    upper = upper.to(x.dtype).contiguous(memory_format=torch.channels_last)
    result = torch.empty_like(x)
    shape = shape_of(x, numbers)
    squares = triton.cdiv(x.shape[2], stride) * triton.cdiv(x.shape[3], stride)
    threads = x.shape[0] * squares * (x.shape[1] // int(shape.vector))
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        backward[(triton.cdiv(threads, BLOCK),)](
            x, upper, places, result, threads, alpha, beta, k, S=shape, BLOCK=BLOCK
        )
    return result


@shapes_of("norm_pool")
def _(
    x: Tensor, size: int, alpha: float, beta: float, k: float, groups: int, relu: str, window: int,
    stride: int,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    return _outputs(x, _numbers(size, alpha, beta, k, groups, relu, window, stride))


@shapes_of("norm_pool_backward")
def _(x: Tensor, *_: Any) -> Tensor:
    return torch.empty_like(x, memory_format=torch.channels_last)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, *ctx.numbers = inputs
    ctx.save_for_backward(x, output[1])


def _backward(ctx: Any, upper: Tensor, _: Any) -> tuple[Tensor | None, ...]:
    x, places = ctx.saved_tensors
    return gradient(x, upper, places, *ctx.numbers), *[None] * len(ctx.numbers)


torch.library.register_autograd("alexnet::norm_pool", _backward, setup_context=_setup, lib=LIBRARY)


def shape_of(x: Tensor, numbers: NormPool) -> Shape:
    """What the kernels are compiled for."""
    rows, columns = x.shape[2:]
    outs = (_positions(side, numbers) for side in (rows, columns))
    tower = x.shape[1] // numbers.groups
    values = (
        rows, columns, x.shape[1], *outs, tower, numbers.size, numbers.beta == 0.75, numbers.relu,
        numbers.window, numbers.stride, _vector(x, numbers),
    )  # fmt: skip
    return Shape(*map(tl.constexpr, values))


def _outputs(x: Tensor, numbers: NormPool) -> tuple[Tensor, Tensor]:
    sides = [_positions(side, numbers) for side in x.shape[2:]]
    shape, layout = (*x.shape[:2], *sides), torch.channels_last
    y = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=layout)
    if numbers.window == 1:
        return y, x.new_empty(0, dtype=torch.uint8)
    return y, torch.empty_like(y, dtype=torch.uint8)


def _positions(side: int, numbers: NormPool) -> int:
    """Windows along a side, rounded up; none begins beyond the edge."""
    up = 1 - (-(side - numbers.window) // numbers.stride)
    return min(up, (side - 1) // numbers.stride + 1)


def _vector(x: Tensor, numbers: NormPool) -> int:
    """Channels of a thread: the largest power of two in a tower, as long as a load may be."""
    tower = x.shape[1] // numbers.groups
    return min(BYTES // x.element_size(), tower & -tower)


def _numbers(*values: Any) -> NormPool:
    return NormPool(*values)
