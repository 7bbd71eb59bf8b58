"""Views cut, mirrored, coloured and scaled on the device, in the bits of ``views.cut_views``.

Written as pictures, or at once as the blocks of pixels that the first layer reads
(``kernels.strided``). Each step is one operation on float32 that IEEE 754 rounds: no product is
joined with a sum, and divisions are exact ones, left out where all is divided by 1.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from alexnet.kernels.chroma import COLOURS
from alexnet.kernels.gpu.launch import next_power, operator
from alexnet.kernels.gpu.momentum import bf16
from alexnet.preprocessing import Preprocessing

__all__ = ["cut", "pixel"]

TILE = 1024  # values of a program at a time
TURNS = 8  # so often, so that what is a channel's is found once
RED_V = tl.constexpr(COLOURS[0][1])
GREEN_U, GREEN_V = tl.constexpr(COLOURS[1][0]), tl.constexpr(COLOURS[1][1])
BLUE_U = tl.constexpr(COLOURS[2][0])
PART = 16  # channels at a time: 32 bytes of bf16, what a GPU's memory moves at the least


def cut(
    pictures: Tensor, rows: Tensor, boxes: Tensor, shifts: Tensor, mean: Tensor,
    way: Preprocessing, out: Tensor, stride: int = 1, padding: int = 0,
) -> None:  # fmt: skip
    """Write the views of N pictures into ``out``.

    ``pictures``: uint8 (M, size, size, 3), RGB, or (M, size * size * 3 // 2), ``kernels.chroma``'s;
    ``rows``: int32 (N,), the picture of each view; ``boxes``: int32 (N, 3), top, left, and 1 where
    mirrored; ``shifts``: float32 (N, 4), grey levels added to R, G and B, and what all is divided
    by beside the scale; ``mean``: float32 (size, size, 3).

    ``out``: float32 or bf16 (N, 3, crop, crop) in channels_last, whose values are rounded once; or
    with a stride (N, stride * stride * 3, block rows, block columns) in channels_last, the blocks
    of the views with ``padding`` zeros before them and as many behind as ``out`` has room for.
    ValueError where ``out`` lies otherwise in memory.
    """
    if not out.is_contiguous(memory_format=torch.channels_last):
        raise ValueError("Views are written in channels_last, pixel by pixel.")
    divisors = [float(number) for number in way.divisor]
    at_centre, reversed_ = way.mean_at == "centre", way.channels == "BGR"
    _cut(pictures, rows, boxes, shifts, mean, out, way.crop, divisors, at_centre, reversed_,
         stride, padding)  # fmt: skip


@operator("cut", ("out",))
def _cut(
    pictures: Tensor, rows: Tensor, boxes: Tensor, shifts: Tensor, mean: Tensor, out: Tensor,
    crop: int, divisors: list[float], at_centre: bool, reversed_: bool, stride: int, padding: int,
) -> None:  # fmt: skip
    count, channels, down, across = out.shape
    part = min(PART, next_power(channels))
    positions = TILE // part
    tiles = triton.cdiv(down * across, positions * TURNS)
    cut_kernel[(count * tiles,)](
        pictures, rows, boxes, shifts, mean, out, *divisors, tiles,
        DOWN=down, ACROSS=across, CROP=crop, SIZE=mean.shape[0], STRIDE=stride, PADDING=padding,
        CHANNELS=channels, PART=part, POSITIONS=positions, TURNS=TURNS,
        HALVED=pictures.dim() == 2, AT_CENTRE=at_centre, REVERSED=reversed_,
        DIVIDED=divisors != [1.0] * 3,
    )  # fmt: skip


@triton.jit
def cut_kernel(
    pictures: tl.tensor, rows: tl.tensor, boxes: tl.tensor, shifts: tl.tensor, mean: tl.tensor,
    out: tl.tensor, divisor_r: tl.float32, divisor_g: tl.float32, divisor_b: tl.float32,
    tiles: tl.int32, DOWN: tl.constexpr, ACROSS: tl.constexpr, CROP: tl.constexpr,
    SIZE: tl.constexpr, STRIDE: tl.constexpr, PADDING: tl.constexpr, CHANNELS: tl.constexpr,
    PART: tl.constexpr, POSITIONS: tl.constexpr, HALVED: tl.constexpr, AT_CENTRE: tl.constexpr,
    REVERSED: tl.constexpr, DIVIDED: tl.constexpr, TURNS: tl.constexpr,
) -> None:  # fmt: skip
    """A tile of a view's positions (blocks, or pixels where the stride is 1), with all channels."""
    view = tl.program_id(0) // tiles
    start = tl.program_id(0) % tiles * POSITIONS * TURNS
    end = tl.minimum(start + POSITIONS * TURNS, DOWN * ACROSS)
    top, left = tl.load(boxes + view * 3), tl.load(boxes + view * 3 + 1)
    mirrored = tl.load(boxes + view * 3 + 2) != 0
    divisor = tl.load(shifts + view * 4 + 3)
    picture = tl.load(rows + view)
    out += view.to(tl.int64) * (DOWN * ACROSS * CHANNELS)
    for first in tl.static_range(0, CHANNELS, PART):
        channel = first + tl.arange(0, PART)[None, :]
        colour = 2 - channel % 3 if REVERSED else channel % 3
        below, beside = channel // (3 * STRIDE), channel // 3 % STRIDE
        shift = tl.load(shifts + view * 4 + colour)
        scale = tl.where(colour == 0, divisor_r, tl.where(colour == 1, divisor_g, divisor_b))
        for turn in range(start, end, POSITIONS):
            position = (turn + tl.arange(0, POSITIONS))[:, None]
            row = position // ACROSS * STRIDE - PADDING
            column = position % ACROSS * STRIDE - PADDING
            y, x = row + below, column + beside
            held = (position < end) & (channel < CHANNELS)
            shown = held & (y >= 0) & (y < CROP) & (x >= 0) & (x < CROP)
            seen = left + tl.where(mirrored, CROP - 1 - x, x)
            value = pixel(pictures, picture, top + y, seen, colour, shown, SIZE, HALVED)
            if AT_CENTRE:  # not mirrored
                middle = (SIZE - CROP) // 2
                place = (middle + y) * SIZE + middle + x
            else:
                place = (top + y) * SIZE + seen
            lost = tl.load(mean + place * 3 + colour, mask=shown, other=0.0)
            value = value.to(tl.float32) - lost + shift
            if DIVIDED:
                value = tl.math.div_rn(value, tl.broadcast_to(scale, value.shape))
            if divisor != 1.0:
                value = tl.math.div_rn(value, tl.full(value.shape, 0.0, tl.float32) + divisor)
            value = tl.where(shown, value, 0.0)
            if out.dtype.element_ty == tl.bfloat16:
                value = bf16(value)
            tl.store(out + position * CHANNELS + channel, value, mask=held)


@triton.jit
def pixel(
    pictures: tl.tensor, picture: tl.tensor, y: tl.tensor, x: tl.tensor, colour: tl.tensor,
    mask: tl.tensor, SIZE: tl.constexpr, HALVED: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """The grey levels (int32) of a picture at places, of colour 0 (R), 1 (G) or 2 (B)."""
    number = picture.to(tl.int64)  # a set of 11,000 pictures has more bytes than 32 bits count
    if not HALVED:
        here = pictures + number * (SIZE * SIZE * 3)
        found = tl.load(here + (y * SIZE + x) * 3 + colour, mask=mask, other=0).to(tl.int32)
    else:
        here = pictures + number * (SIZE * SIZE * 3 // 2)
        light = tl.load(here + y * SIZE + x, mask=mask, other=0).to(tl.int32)
        square = here + SIZE * SIZE + y // 2 * (SIZE // 2) + x // 2
        u = tl.load(square, mask=mask, other=128).to(tl.int32) - 128
        v = tl.load(square + SIZE * SIZE // 4, mask=mask, other=128).to(tl.int32) - 128
        of_u = tl.where(colour == 1, GREEN_U, tl.where(colour == 2, BLUE_U, 0))
        of_v = tl.where(colour == 1, GREEN_V, tl.where(colour == 0, RED_V, 0))
        found = ((light << 16) + of_u * u + of_v * v + 32768) >> 16
        found = tl.minimum(tl.maximum(found, 0), 255)
    return found
