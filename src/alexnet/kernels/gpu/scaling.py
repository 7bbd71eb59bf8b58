"""Windows of pictures scaled on the device, in the bits of ``views.scaling``, which are Pillow's.

One kernel makes the weights of each row and column, a second adds up products of whole numbers. A
window of training is never shrunk by much, so few pixels stand behind one, and a sum across for
each row that is wanted, made again for the next, costs less than writing it out.
"""

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from alexnet.kernels.gpu.launch import next_power, operator, shapes_of
from alexnet.kernels.gpu.views import pixel

__all__ = ["scale"]

TILE = 512  # grey levels of a program
ONE = tl.constexpr(22)  # bits that stand for a weight of 1, as in Pillow's Resample.c
HALF = tl.constexpr(1 << 21)
WHOLE = tl.constexpr(2.0**22)


def scale(pictures: Tensor, rows: Tensor, windows: Tensor, crop: int, out: Tensor) -> None:
    """Write N windows, scaled to ``crop`` pixels, into ``out``, uint8 (N, crop, crop, 3), RGB.

    ``pictures``: uint8 (M, size, size, 3), or (M, size * size * 3 // 2), ``kernels.chroma``'s;
    ``rows``: int32 (N,), the picture of each window; ``windows``: float64 (N, 4), left, top, width
    and height in pixels, none beyond the picture.
    """
    flat = pictures.dim() == 2
    size = math.isqrt(pictures.shape[1] * 2 // 3) if flat else pictures.shape[1]
    taps = int(2 * max(size / crop, 1)) + 1  # pixels behind one at the most
    firsts, weights = weigh(windows, size, crop, taps)
    _scale(pictures, rows, firsts, weights, size, out)


@operator("weigh")
def weigh(windows: Tensor, size: int, crop: int, taps: int) -> tuple[Tensor, Tensor]:
    """Which pixels are how much in each of the scaled, across and down.

    The first pixel, int32 (N, 2, crop), and the weights from it on, int32 (N, 2, crop, taps).
    """
    firsts, weights = _room(windows, crop, taps)
    weigh_kernel[(2 * len(windows),)](
        windows, firsts, weights, crop, SIZE=size, TAPS=taps, POSITIONS=next_power(crop),
        enable_fp_fusion=False,  # Pillow rounds each product and each sum
    )  # fmt: skip
    return firsts, weights


@shapes_of("weigh")
def _(windows: Tensor, _: int, crop: int, taps: int) -> tuple[Tensor, Tensor]:
    return _room(windows, crop, taps)


def _room(windows: Tensor, crop: int, taps: int) -> tuple[Tensor, Tensor]:
    shape = (len(windows), 2, crop)
    firsts = torch.empty(shape, dtype=torch.int32, device=windows.device)
    return firsts, torch.empty((*shape, taps), dtype=torch.int32, device=windows.device)


@operator("scale", ("out",))
def _scale(
    pictures: Tensor, rows: Tensor, firsts: Tensor, weights: Tensor, size: int, out: Tensor
) -> None:
    count, crop = out.shape[:2]
    tiles = triton.cdiv(crop * crop * 3, TILE)
    scale_kernel[(count * tiles,)](
        pictures, rows, firsts, weights, out, crop, tiles, SIZE=size, TAPS=weights.shape[3],
        HALVED=pictures.dim() == 2, TILE=TILE,
    )  # fmt: skip


@triton.jit
def weigh_kernel(
    windows: tl.tensor, firsts: tl.tensor, weights: tl.tensor, crop: tl.int32,
    SIZE: tl.constexpr, TAPS: tl.constexpr, POSITIONS: tl.constexpr,
) -> None:  # fmt: skip
    """All columns of a window, or all its rows; numbers as in ``views.scaling.weights``."""
    line = tl.program_id(0)
    window = windows + line // 2 * 4 + line % 2
    begin, length = tl.load(window), tl.load(window + 2)
    begins = begin.to(tl.float32)  # as Pillow keeps a box
    step = ((begin + length).to(tl.float32) - begins).to(tl.float64) / crop.to(tl.float64)
    reach = tl.maximum(step, 1.0)
    narrowed = 1.0 / reach
    column = tl.arange(0, POSITIONS)
    position = tl.minimum(column, crop - 1)  # beyond the last there would be nothing to divide by
    centre = begins.to(tl.float64) + (position.to(tl.float64) + 0.5) * step
    first = tl.maximum((centre - reach + 0.5).to(tl.int32), 0)
    last = tl.minimum((centre + reach + 0.5).to(tl.int32), SIZE)
    total = tl.zeros((POSITIONS,), tl.float64)
    for tap in tl.static_range(TAPS):
        total += _share(first + tap, last, centre, narrowed)
    held = column < crop
    tl.store(firsts + line * crop + position, first, mask=held)
    for tap in tl.static_range(TAPS):
        whole = _share(first + tap, last, centre, narrowed) / total * WHOLE + 0.5
        to = weights + (line * crop + position) * TAPS + tap
        tl.store(to, whole.to(tl.int32), mask=held)


@triton.jit
def _share(place: tl.tensor, last: tl.tensor, centre: tl.tensor, narrowed: tl.tensor) -> tl.tensor:
    share = 1.0 - tl.abs((place.to(tl.float64) - centre + 0.5) * narrowed)
    return tl.where(place < last, tl.maximum(share, 0.0), 0.0)


@triton.jit
def scale_kernel(
    pictures: tl.tensor, rows: tl.tensor, firsts: tl.tensor, weights: tl.tensor, out: tl.tensor,
    crop: tl.int32, tiles: tl.int32,
    SIZE: tl.constexpr, TAPS: tl.constexpr, HALVED: tl.constexpr, TILE: tl.constexpr,
) -> None:  # fmt: skip
    """A tile of a scaled window: first across, rounded, then down, as Pillow does."""
    window = tl.program_id(0) // tiles
    index = tl.program_id(0) % tiles * TILE + tl.arange(0, TILE)
    held = index < crop * crop * 3
    across = window * 2 * crop + index // 3 % crop
    down = (window * 2 + 1) * crop + index // 3 // crop
    left = tl.load(firsts + across, mask=held, other=0)
    top = tl.load(firsts + down, mask=held, other=0)
    picture = tl.load(rows + window)
    total = tl.full((TILE,), HALF, tl.int32)
    for tap in range(TAPS):
        y = top + tap
        line = tl.full((TILE,), HALF, tl.int32)
        for beside in tl.static_range(TAPS):
            x = left + beside
            inside = held & (x < SIZE) & (y < SIZE)
            weight = tl.load(weights + across * TAPS + beside, mask=held, other=0)
            line += weight * pixel(pictures, picture, y, x, index % 3, inside, SIZE, HALVED)
        total += tl.load(weights + down * TAPS + tap, mask=held, other=0) * (line >> ONE)
    to = out + window.to(tl.int64) * (crop * crop * 3) + index
    tl.store(to, tl.minimum(total >> ONE, 255).to(tl.uint8), mask=held)
