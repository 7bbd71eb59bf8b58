"""Channels and their neighbours in Triton, for local response normalisation on a GPU.

Tensors lie in channels_last: (pictures, rows, columns, channels), channels innermost. A thread
works on a vector of neighbouring channels, which one load of up to 16 bytes brings, and reads the
channels beside it, which other threads read too, from the first-level cache. The vector's length
divides the channels of a tower: each vector has one tower, and no thread is idle whatever their
number is. Triton's tiles are (BLOCK, vector), a row a thread; to sum neighbours they are taken
apart into a tensor for each column, which moves nothing: each value is in its register already.
"""

from dataclasses import dataclass

import triton
import triton.language as tl

__all__ = [
    "Shape",
    "beginning_of",
    "end_of",
    "line_of",
    "maximum",
    "parts_of",
    "powers_of",
    "squares_of",
    "tile_of",
    "width_of",
    "window_sums",
]


@dataclass(frozen=True)
class Shape:
    """What a kernel is compiled for: maps, outputs, and numbers of the step as in ``NormPool``.

    ``tower``: channels of a group; ``vector``: channels of a thread, a power of two that divides
    ``tower``; ``by_roots``: beta is 0.75.
    """

    rows: tl.constexpr
    columns: tl.constexpr
    channels: tl.constexpr
    out_rows: tl.constexpr
    out_columns: tl.constexpr
    tower: tl.constexpr
    size: tl.constexpr
    by_roots: tl.constexpr
    relu: tl.constexpr
    window: tl.constexpr
    stride: tl.constexpr
    vector: tl.constexpr


@triton.jit
def line_of(
    at: tl.tensor,
    place: tl.tensor,
    inside: tl.tensor,
    side: tl.constexpr,
    rectify: tl.constexpr,
    S: tl.constexpr,
) -> tl.tuple:
    """Each vector, with ``side`` channels before and behind it; 0 beyond its tower.

    float32 (BLOCK, side), (BLOCK, vector), (BLOCK, side).
    """
    left = _loaded(at, place, inside, -side, side, rectify, S)
    right = _loaded(at, place, inside, S.vector, side, rectify, S)
    return left, _loaded(at, place, inside, 0, S.vector, rectify, S), right


@triton.jit
def _loaded(
    at: tl.tensor,
    place: tl.tensor,
    inside: tl.tensor,
    away: tl.constexpr,
    count: tl.constexpr,
    rectify: tl.constexpr,
    S: tl.constexpr,
) -> tl.tensor:
    """``count`` channels, the first ``away`` from the vector's first."""
    if count <= S.vector:
        # All of one tower or none: said for all at once, so that one load brings them.
        there = (inside & (place + away >= 0) & (place + away < S.tower))[:, None]
    else:
        channel = tile_of(place + away, count)
        there = inside[:, None] & (channel >= 0) & (channel < S.tower)
    tile = tl.load(tile_of(at + away, count), mask=there, other=0)
    tile = tile.to(tl.float32) if tile.dtype.is_floating() else tile.to(tl.int32)
    return maximum(tile, 0.0) if rectify else tile


@triton.jit
def squares_of(
    left: tl.tensor, x: tl.tensor, right: tl.tensor, side: tl.constexpr, S: tl.constexpr
) -> tl.tuple:
    """The squares of a line, in order: float32 (BLOCK,) each."""
    parts = parts_of(left * left, side) + parts_of(x * x, S.vector)
    return parts + parts_of(right * right, side)


@triton.jit
def window_sums(
    line: tl.tuple, first: tl.constexpr, count: tl.constexpr, size: tl.constexpr
) -> tl.tensor:
    """Sums of ``size`` neighbours for ``count`` places from ``first`` on: (BLOCK, count)."""
    sums = tl.tuple([])
    for i in tl.static_range(count):
        total = line[first + i]
        for j in tl.static_range(1, size):
            total += line[first + i + j]
        sums += (total,)
    return _tile(sums, count)


@triton.jit
def powers_of(sums: tl.tensor, numbers: tl.tuple, by_roots: tl.constexpr) -> tl.tuple:
    """s^-beta and 1 / s of s = k + alpha * sums; for 0.75 both are made from one 1 / sqrt(s)."""
    alpha, beta, k = numbers
    s = k + alpha * sums
    if by_roots:
        root = tl.rsqrt(s)
        powers = root * tl.sqrt(root), root * root
    else:
        powers = tl.exp2(-beta * tl.log2(s)), 1 / s
    return powers


@triton.jit
def maximum(x: tl.tensor, other: tl.tensor) -> tl.tensor:
    """What is no number stays so, as in torch."""
    return tl.maximum(x, other, propagate_nan=tl.PropagateNan.ALL)


@triton.jit
def end_of(tile: tl.tensor, count: tl.constexpr, wanted: tl.constexpr) -> tl.tensor:
    """The last ``wanted`` of ``count`` columns."""
    parts, end = parts_of(tile, count), tl.tuple([])
    for i in tl.static_range(count - wanted, count):
        end += (parts[i],)
    return _tile(end, wanted)


@triton.jit
def beginning_of(tile: tl.tensor, count: tl.constexpr, wanted: tl.constexpr) -> tl.tensor:
    """The first ``wanted`` of ``count`` columns."""
    parts, beginning = parts_of(tile, count), tl.tuple([])
    for i in tl.static_range(wanted):
        beginning += (parts[i],)
    return _tile(beginning, wanted)


@triton.jit
def parts_of(tile: tl.tensor, vector: tl.constexpr) -> tl.tuple:
    """(BLOCK, vector) as ``vector`` tensors (BLOCK,): other names for the same registers."""
    threads: tl.constexpr = tile.numel // vector
    tiles = tl.tuple([tile])
    for step in tl.static_range(_bits(vector)):
        evens, odds = tl.tuple([]), tl.tuple([])
        for i in tl.static_range(1 << step):
            pairs = tl.reshape(tiles[i], [threads, vector // (2 << step), 2])
            even, odd = tl.split(pairs)
            evens += (even,)
            odds += (odd,)
        tiles = evens + odds
    parts = tl.tuple([])
    for i in tl.static_range(vector):
        parts += (tl.reshape(tiles[i], [threads]),)
    return parts


@triton.jit
def _tile(parts: tl.tuple, vector: tl.constexpr) -> tl.tensor:
    """``parts_of`` undone."""
    tiles = parts
    for step in tl.static_range(_bits(vector)):
        pairs = tl.tuple([])
        for i in tl.static_range(vector // (2 << step)):
            pairs += (tl.join(tiles[i], tiles[i + vector // (2 << step)]),)
        tiles = pairs
    return tl.reshape(tiles[0], [parts[0].numel, vector])


@triton.jit
def tile_of(starts: tl.tensor, vector: tl.constexpr) -> tl.tensor:
    """Offsets or pointers (BLOCK,) as (BLOCK, vector), one after another."""
    return starts[:, None] + tl.arange(0, vector)[None, :]


@triton.constexpr_function
def width_of(wanted: int) -> int:
    """The least power of two that is not below ``wanted``."""
    return 1 << max(0, wanted - 1).bit_length()


@triton.constexpr_function
def _bits(power: int) -> int:
    """2 to which power ``power`` is."""
    return power.bit_length() - 1
