"""ReLU, local response normalisation and max pooling in Triton: the arithmetic, both ways.

Bytes an input value, bfloat16, window 3 and stride 2, where outputs are a quarter of the inputs:
forward reads x (2) and writes maxima and places (3/4); backward reads x (2) and what forward wrote
(3/4) and writes dx (2). The way back is one kernel: two (first the gradient of the unpooled maps,
then that of the normalisation) would write and read 2 more each, 8.75 instead of 4.75. It pays with
taking the pooling back for neighbours too, half as much again, from the first-level cache.
"""

import triton
import triton.language as tl

from alexnet.kernels.gpu.momentum import bf16
from alexnet.kernels.gpu.neighbours import (
    beginning_of,
    end_of,
    line_of,
    maximum,
    parts_of,
    powers_of,
    squares_of,
    tile_of,
    width_of,
    window_sums,
)

__all__ = ["backward", "forward"]

FLAT = tl.constexpr(255)  # the place of a maximum that the ReLU after the pooling set to 0


@triton.jit(do_not_specialize=["threads", "chunk"])
def forward(
    x: tl.tensor,
    y: tl.tensor,
    places: tl.tensor,
    threads: tl.tensor,
    alpha: tl.tensor,
    beta: tl.tensor,
    k: tl.tensor,
    chunk: tl.tensor,
    S: tl.constexpr,
    BLOCK: tl.constexpr,
) -> None:
    """``chunk`` output rows of BLOCK (picture, output column, vector), of ``threads`` in all.

    Going down a column, a row that two windows share is normalised once.
    """
    thread = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = thread < threads
    channel = thread % (S.channels // S.vector) * S.vector
    column = thread // (S.channels // S.vector) % S.out_columns
    picture = (thread // (S.channels // S.vector * S.out_columns)).to(tl.int64)
    at = x + picture * (S.rows * S.columns * S.channels)
    at += column * (S.stride * S.channels) + channel
    out = picture * (S.out_rows * S.out_columns * S.channels) + column * S.channels + channel
    wide = S.columns - column * S.stride
    numbers = (alpha, beta, k)
    shared: tl.constexpr = S.window - S.stride == 1
    first = tl.program_id(1) * chunk
    below = tl.full([BLOCK, S.vector], float("-inf"), tl.float32)
    which = tl.zeros([BLOCK, S.vector], tl.int32)
    for row in range(first, tl.minimum(first + chunk, S.out_rows)):
        begin = tl.where(row > first, 1, 0) if shared else 0
        best, place = tl.where(begin == 1, below, float("-inf")), which
        for down in range(begin, S.window):
            there = inside & (row * S.stride + down < S.rows)
            here = at + (row * S.stride + down) * (S.columns * S.channels)
            below, which = _row_maxima(here, channel % S.tower, there, wide, numbers, S)
            place = tl.where(below > best, which + down * S.window, place)
            best = maximum(best, below)
        if S.relu == "after":
            place = tl.where(best <= 0, FLAT, place)
            best = maximum(best, 0.0)
        to = tile_of(out + row * (S.out_columns * S.channels), S.vector)
        tl.store(y + to, _stored(best, y), mask=inside[:, None])
        if S.window > 1:
            tl.store(places + to, place.to(tl.uint8), mask=inside[:, None])


@triton.jit(do_not_specialize=["threads"])
def backward(
    x: tl.tensor,
    upper: tl.tensor,
    places: tl.tensor,
    out: tl.tensor,
    threads: tl.tensor,
    alpha: tl.tensor,
    beta: tl.tensor,
    k: tl.tensor,
    S: tl.constexpr,
    BLOCK: tl.constexpr,
) -> None:
    """The gradients of BLOCK (picture, square of the stride's side, vector).

    Which windows have a pixel of such a square, and where, is known when this is compiled.
    """
    thread = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    squares: tl.constexpr = (S.columns + S.stride - 1) // S.stride
    squares_down: tl.constexpr = (S.rows + S.stride - 1) // S.stride
    channel = thread % (S.channels // S.vector) * S.vector
    across = thread // (S.channels // S.vector) % squares
    along = thread // (S.channels // S.vector * squares)
    picture, along = (along // squares_down).to(tl.int64), along % squares_down
    above = picture * (S.out_rows * S.out_columns * S.channels)
    above += (along * S.out_columns + across) * S.channels + channel
    numbers = (alpha, beta, k)
    for down in tl.static_range(S.stride):
        for right in tl.static_range(S.stride):
            row, column = along * S.stride + down, across * S.stride + right
            inside = (thread < threads) & (row < S.rows) & (column < S.columns)
            at = picture * (S.rows * S.columns * S.channels)
            at += (row * S.columns + column) * S.channels + channel
            given = _given(
                upper + above, places + above, along, across, channel % S.tower, inside,
                down, right, S,
            )  # fmt: skip
            slope = _slope(x + at, given, channel % S.tower, inside, numbers, S)
            to = out + tile_of(at, S.vector)
            tl.store(to, _stored(slope, out), mask=inside[:, None])


@triton.jit
def _row_maxima(
    at: tl.tensor,
    place: tl.tensor,
    inside: tl.tensor,
    wide: tl.tensor,
    numbers: tl.tuple,
    S: tl.constexpr,
) -> tl.tuple:
    """The largest normalised values of a window's row, and which they are: (BLOCK, vector) each.

    ``place``: of the vector in its tower; ``wide``: the columns from ``at`` to the edge.
    """
    best = _normalised(at, place, inside, numbers, S)
    if S.relu != "before":
        best = tl.where(inside[:, None], best, float("-inf"))
    which = tl.zeros_like(best).to(tl.int32)
    for right in tl.static_range(1, S.window):
        there = inside & (right < wide)
        value = _normalised(at + right * S.channels, place, there, numbers, S)
        if S.relu != "before":  # else it is 0 beyond the edge, and larger than none
            value = tl.where(there[:, None], value, float("-inf"))
        which = tl.where(value > best, right, which)
        best = maximum(best, value)
    return best, which


@triton.jit
def _normalised(
    at: tl.tensor, place: tl.tensor, inside: tl.tensor, numbers: tl.tuple, S: tl.constexpr
) -> tl.tensor:
    """x s^-beta of a vector each: float32 (BLOCK, vector)."""
    side: tl.constexpr = width_of(S.size // 2)
    left, x, right = line_of(at, place, inside, side, S.relu == "before", S)
    sums = window_sums(squares_of(left, x, right, side, S), side - S.size // 2, S.vector, S.size)
    power, _ = powers_of(sums, numbers, S.by_roots)
    return x * power


@triton.jit
def _given(
    upper: tl.tensor,
    places: tl.tensor,
    along: tl.tensor,
    across: tl.tensor,
    place: tl.tensor,
    inside: tl.tensor,
    down: tl.constexpr,
    right: tl.constexpr,
    S: tl.constexpr,
) -> tl.tuple:
    """What its windows hand back to a pixel: to a vector and to those beside it."""
    side: tl.constexpr = width_of(S.size // 2)
    nothing = tl.zeros_like(place).to(tl.float32)[:, None]
    before = tl.broadcast_to(nothing, [place.numel, side])
    middle = tl.broadcast_to(nothing, [place.numel, S.vector])
    after = tl.broadcast_to(nothing, [place.numel, side])
    for up in tl.static_range((S.window - 1 - down + S.stride) // S.stride):
        for left in tl.static_range((S.window - 1 - right + S.stride) // S.stride):
            there = inside & (along >= up) & (along - up < S.out_rows)
            there = there & (across >= left) & (across - left < S.out_columns)
            away = (up * S.out_columns + left) * S.channels
            more = line_of(upper - away, place, there, side, False, S)
            if S.window > 1:
                which = line_of(places - away, place, there, side, False, S)
                here = (up * S.stride + down) * S.window + left * S.stride + right
                more = (
                    tl.where(which[0] == here, more[0], 0.0),
                    tl.where(which[1] == here, more[1], 0.0),
                    tl.where(which[2] == here, more[2], 0.0),
                )
            if up + left == 0:
                before, middle, after = more
            else:
                before += more[0]
                middle += more[1]
                after += more[2]
    return before, middle, after


@triton.jit
def _slope(
    at: tl.tensor,
    given: tl.tuple,
    place: tl.tensor,
    inside: tl.tensor,
    numbers: tl.tuple,
    S: tl.constexpr,
) -> tl.tensor:
    """dx = g s^-beta - 2 alpha beta x sum(g x s^(-beta-1)), where x was positive."""
    side: tl.constexpr = width_of(S.size // 2)
    reach: tl.constexpr = width_of(side + S.size // 2)
    left, x, right = line_of(at, place, inside, reach, S.relu == "before", S)
    squares = squares_of(left, x, right, reach, S)
    first: tl.constexpr = reach - side - S.size // 2
    _, before = _through(given[0], end_of(left, reach, side), squares, first, side, numbers, S)
    through, middle = _through(given[1], x, squares, first + side, S.vector, numbers, S)
    _, after = _through(
        given[2],
        beginning_of(right, reach, side),
        squares,
        first + side + S.vector,
        side,
        numbers,
        S,
    )
    line = parts_of(before, side) + parts_of(middle, S.vector) + parts_of(after, side)
    total = window_sums(line, side + S.size // 2 - S.size + 1, S.vector, S.size)
    alpha, beta, _ = numbers
    slope = through - 2 * alpha * beta * x * total
    return tl.where(x <= 0, 0.0, slope) if S.relu == "before" else slope


@triton.jit
def _through(
    g: tl.tensor,
    x: tl.tensor,
    squares: tl.tuple,
    first: tl.constexpr,
    count: tl.constexpr,
    numbers: tl.tuple,
    S: tl.constexpr,
) -> tl.tuple:
    """g s^-beta and g x s^(-beta-1), whose sums of squares begin at ``first``: (BLOCK, count)."""
    sums = window_sums(squares, first, count, S.size)
    power, inverse = powers_of(sums, numbers, S.by_roots)
    if S.relu == "after" and S.window == 1:
        g = tl.where(x <= 0, 0.0, g)
    return g * power, g * power * x * inverse


@triton.jit
def _stored(x: tl.tensor, at: tl.tensor) -> tl.tensor:
    """float32 as what ``at`` points to."""
    return bf16(x) if at.dtype.element_ty == tl.bfloat16 else x
