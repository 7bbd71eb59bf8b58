"""The update of one parameter in one pass: velocity, weight and the weight's copy in bf16.

What moves is the memory's own floor: weight and velocity are read and written (16 bytes a value),
the gradient is read (2 or 4) and the copy written (2), so that 61 million weights with copies are
1.2 GB a step.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from alexnet.kernels.gpu.launch import interpreted, operator

BLOCK = 1024  # values of one program, 8 for each thread: 16 bytes of bf16 at once
INTERPRETED = tl.constexpr(interpreted())


def update(
    weight: Tensor, velocity: Tensor, gradient: Tensor, copy: Tensor | None, numbers: Tensor
) -> None:
    """v <- m v + (g + decay w); w <- w - rate v; copy <- w, rounded to the nearest bf16.

    In place. ``weight`` and ``velocity`` are float32, ``gradient`` float32 or bf16; ``numbers``,
    float32 (3,) on the same device, are rate, m and decay. ValueError where weight, velocity and
    copy do not lie alike in memory, without gaps; a gradient that lies otherwise is brought to it.
    """
    alike = [velocity] if copy is None else [velocity, copy]
    if any(one.stride() != weight.stride() for one in alike) or not _dense(weight):
        raise ValueError("Weight, velocity and copy must lie alike in memory, without gaps.")
    if gradient.stride() != weight.stride():
        gradient = torch.empty_like(weight, dtype=gradient.dtype).copy_(gradient)
    advance(weight, velocity, gradient, copy, numbers)


def _dense(x: Tensor) -> bool:
    """Whether the values fill their memory from the first to the last."""
    order = sorted(range(x.dim()), key=lambda dim: (x.stride(dim), x.shape[dim]))
    return bool(x.permute(order[::-1]).is_contiguous())


@operator("momentum", ("weight", "velocity", "copy"))
def advance(
    weight: Tensor, velocity: Tensor, gradient: Tensor, copy: Tensor | None, numbers: Tensor
) -> None:
    """``update`` of what lies alike in memory."""
    count = weight.numel()
    # A pointer is wanted in any case; the weights' stands for the copy that there is not.
    into = weight if copy is None else copy
    with torch.cuda.device_of(weight):  # type: ignore[no-untyped-call]
        advance_kernel[(triton.cdiv(count, BLOCK),)](
            weight, velocity, gradient, into, numbers, count, COPY=copy is not None, BLOCK=BLOCK
        )


@triton.jit(do_not_specialize=["numbers"])  # a row of a table, which begins anywhere
def advance_kernel(
    weight: tl.tensor,
    velocity: tl.tensor,
    gradient: tl.tensor,
    copy: tl.tensor,
    numbers: tl.tensor,
    count: tl.int64,
    COPY: tl.constexpr,
    BLOCK: tl.constexpr,
) -> None:
    """``BLOCK`` values a program, in the order of memory; ``COPY``: there is a copy."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    here = at < count
    rate, momentum, decay = tl.load(numbers), tl.load(numbers + 1), tl.load(numbers + 2)
    w = tl.load(weight + at, mask=here)
    g = tl.load(gradient + at, mask=here).to(tl.float32)
    v = momentum * tl.load(velocity + at, mask=here) + (g + decay * w)
    w -= rate * v
    tl.store(velocity + at, v, mask=here)
    tl.store(weight + at, w, mask=here)
    if COPY:
        tl.store(copy + at, bf16(w), mask=here)


@triton.jit
def bf16(x: tl.tensor) -> tl.tensor:
    """The nearest bf16 of float32 values, of two equally near ones the even one."""
    if not INTERPRETED:
        return x.to(tl.bfloat16)
    # The interpreter's own way cuts off; what is no number stays none.
    bits = x.to(tl.uint32, bitcast=True)
    bits = tl.where(x == x, bits + 0x7FFF + ((bits >> 16) & 1), bits | 0x400000)
    return (bits >> 16).to(tl.uint16).to(tl.bfloat16, bitcast=True)
