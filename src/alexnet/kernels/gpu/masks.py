"""Dropout masks on the device, in the bits of numpy.

numpy's Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) gives
four words of 64 bits for each value of its counter, which numpy's ``integers`` takes apart into 16
numbers of 16 bits, lowest first. The counter of the generator of a step is (0, step, 0, 0), and
numpy counts on before it makes its first words. The step is read from the device, so that a
launch, once captured in a CUDA graph, draws other masks at each step.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from alexnet.kernels.gpu.launch import operator

DRAWN = 16  # numbers of 16 bits from one value of the counter
BLOCK = 128  # counter values of one program: 2,048 numbers


@operator("draw_mask", ("out",))
def draw_mask(
    out: Tensor, step: Tensor, key0: int, key1: int, least: int, start: int, part: int, parts: int
) -> None:
    """Put 1 where the number of a value is ``least`` or more, else 0.

    ``out``: (rows, units, ...), contiguous, of any float type: part ``part`` of ``parts`` of the
    units of the rows from ``start`` on; ``step``: int64 ().
    """
    if not out.numel():
        return
    each = out[0].numel()
    # Whole rows follow one another without gaps, so that all of them are one line of numbers.
    lines, count = (1, out.numel()) if parts == 1 else (len(out), each)
    apart = each * parts
    blocks = triton.cdiv(count + DRAWN - 1, BLOCK * DRAWN)
    first = start * apart + part * each
    with torch.cuda.device_of(out):  # type: ignore[no-untyped-call]
        draw_kernel[(blocks, lines)](out, step, key0, key1, least, first, apart, count, BLOCK=BLOCK)


@triton.jit(do_not_specialize=["step", "key0", "key1", "least"])
def draw_kernel(
    out: tl.tensor,
    step: tl.tensor,
    key0: tl.int64,
    key1: tl.int64,
    least: tl.int32,
    first: tl.int64,
    apart: tl.int64,
    count: tl.int64,
    BLOCK: tl.constexpr,
) -> None:
    """``count`` numbers a line; those of line i begin with number first + i * apart of the step."""
    line = tl.program_id(1).to(tl.int64)
    begin = first + line * apart
    value = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    words = _philox(begin // 16 + value + 1, tl.load(step), key0, key1, BLOCK)
    bits = tl.reshape(words, (BLOCK, 4, 1)) >> tl.reshape(tl.arange(0, 4) * 16, (1, 1, 4))
    numbers = tl.reshape((bits & 0xFFFF).to(tl.int32), (BLOCK * 16,))
    place = tl.program_id(0).to(tl.int64) * (BLOCK * 16) + tl.arange(0, BLOCK * 16) - begin % 16
    here = (place >= 0) & (place < count)
    mask = (numbers >= least).to(tl.float32)  # Triton's interpreter makes no bf16 of a truth value
    tl.store(out + line * count + place, mask.to(out.dtype.element_ty), mask=here)


@triton.jit
def _philox(
    counter: tl.tensor, step: tl.tensor, key0: tl.tensor, key1: tl.tensor, BLOCK: tl.constexpr
) -> tl.tensor:
    """Words uint64 (BLOCK, 2, 2) of the counters (counter, step, 0, 0), in order."""
    c0 = counter.to(tl.uint64)
    c1 = tl.full((BLOCK,), 0, tl.uint64) + step.to(tl.uint64)
    c2 = tl.full((BLOCK,), 0, tl.uint64)
    c3 = tl.full((BLOCK,), 0, tl.uint64)
    k0 = tl.full((BLOCK,), 0, tl.uint64) + key0.to(tl.uint64)
    k1 = tl.full((BLOCK,), 0, tl.uint64) + key1.to(tl.uint64)
    m0 = tl.full((BLOCK,), 0xD2E7470EE14C6C93, tl.uint64)
    m1 = tl.full((BLOCK,), 0xCA5A826395121157, tl.uint64)
    for _ in tl.static_range(10):
        high0, low0 = tl.umulhi(m0, c0), m0 * c0
        high1, low1 = tl.umulhi(m1, c2), m1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 += tl.full((BLOCK,), 0x9E3779B97F4A7C15, tl.uint64)
        k1 += tl.full((BLOCK,), 0xBB67AE8584CAA73B, tl.uint64)
    return tl.join(tl.join(c0, c2), tl.join(c1, c3))
