"""The paper's formulas as plain loops in float64. Nothing of ours is imported: this is the truth.

Arrays are (channels, rows, columns), one picture at a time.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def neighbours(i: int, channels: int, size: int, groups: int) -> range:
    """Section 3.3: j from max(0, i - n/2) to min(N - 1, i + n/2), inside the tower of i."""
    tower = channels // groups
    first = i // tower * tower
    return range(max(first, i - size // 2), min(first + tower - 1, i + size // 2) + 1)


def norm(
    a: Array, size: int, alpha: float, beta: float, k: float, groups: int
) -> tuple[Array, Array]:
    """b = a / s^beta with s = k + alpha * sum of squares of the neighbours; returns b and s."""
    b, s = np.empty_like(a), np.empty_like(a)
    channels, rows, columns = a.shape
    for i in range(channels):
        for y in range(rows):
            for x in range(columns):
                total = sum(a[j, y, x] ** 2 for j in neighbours(i, channels, size, groups))
                s[i, y, x] = k + alpha * total
                b[i, y, x] = a[i, y, x] / s[i, y, x] ** beta
    return b, s


def norm_gradient(
    a: Array, upper: Array, size: int, alpha: float, beta: float, k: float, groups: int
) -> Array:
    """Sum over i of upper_i db_i/da_j; db_i/da_j is written out for each pair (i, j)."""
    _, s = norm(a, size, alpha, beta, k, groups)
    result = np.zeros_like(a)
    channels, rows, columns = a.shape
    for y in range(rows):
        for x in range(columns):
            for i in range(channels):
                result[i, y, x] += upper[i, y, x] * s[i, y, x] ** -beta
                for j in neighbours(i, channels, size, groups):
                    inner = -beta * s[i, y, x] ** (-beta - 1) * 2 * alpha * a[j, y, x]
                    result[j, y, x] += upper[i, y, x] * a[i, y, x] * inner
    return result


def windows(side: int, window: int, stride: int, padding: int = 0) -> int:
    """cuda-convnet's rule: 1 + ceil((side + 2 padding - window) / stride)."""
    return 1 + math.ceil((side + 2 * padding - window) / stride)


def pool(a: Array, window: int, stride: int) -> tuple[Array, dict[tuple[int, ...], Any]]:
    """Largest values of windows cut off at the edge, and where each came from (first of equals)."""
    channels, rows, columns = a.shape
    result = np.empty((channels, windows(rows, window, stride), windows(columns, window, stride)))
    places = {}
    for c, y, x in np.ndindex(*result.shape):
        cells = [
            (c, i, j)
            for i in range(y * stride, min(y * stride + window, rows))
            for j in range(x * stride, min(x * stride + window, columns))
        ]
        best = max(cells, key=lambda cell: a[cell])
        result[c, y, x], places[c, y, x] = a[best], best
    return result, places


def pool_gradient(
    shape: tuple[int, ...], upper: Array, places: dict[tuple[int, ...], Any]
) -> Array:
    result = np.zeros(shape)
    for target, source in places.items():
        result[source] += upper[target]
    return result


def convolution(
    a: Array, weight: Array, bias: Array, stride: int, padding: int, groups: int
) -> Array:
    """As many windows as cuda-convnet's rule says; beyond every edge there are zeros."""
    kernels, reads, window, _ = weight.shape
    count = windows(a.shape[1], window, stride, padding)
    far = (count - 1) * stride + window  # from the first pixel read to the last
    plane = np.zeros((a.shape[0], far, far))
    inside = min(a.shape[1], far - padding)
    plane[:, padding : padding + inside, padding : padding + inside] = a[:, :inside, :inside]
    result = np.empty((kernels, count, count))
    for kernel, y, x in np.ndindex(*result.shape):
        first = kernel // (kernels // groups) * reads
        top, left = y * stride, x * stride
        seen = plane[first : first + reads, top : top + window, left : left + window]
        result[kernel, y, x] = (weight[kernel] * seen).sum() + bias[kernel]
    return result
