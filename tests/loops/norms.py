"""The three normalisations, forward and backward: a / s^beta, each with a sum s of its own.

A window of ``size`` begins size // 2 before its place and is cut off at the edge: for the odd
sizes of the paper from i - n/2 to i + n/2, for even ones as cuda-convnet has it.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def within_edges(i: int, size: int, first: int, end: int) -> range:
    """The places of the window of i that lie in first ... end - 1."""
    return range(max(first, i - size // 2), min(end, i - size // 2 + size))


def neighbours(i: int, channels: int, size: int, groups: int) -> range:
    """Section 3.3: the maps whose squares map i is divided by, all in its own tower."""
    tower = channels // groups
    first = i // tower * tower
    return within_edges(i, size, first, first + tower)


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


def seen(place: tuple[int, int, int], a: Array, size: int) -> list[tuple[int, int, int]]:
    """The places of the window around a place, in the same map."""
    c, y, x = place
    _, rows, columns = a.shape
    return [
        (c, i, j) for i in within_edges(y, size, 0, rows) for j in within_edges(x, size, 0, columns)
    ]


def within(a: Array, size: int, factor: float, beta: float, k: float) -> tuple[Array, Array]:
    """b = a / s^beta with s = k + factor * sum of squares in a window of the map (rnorm)."""
    s = np.empty_like(a)
    for place in np.ndindex(*a.shape):
        s[place] = k + factor * sum(a[q] ** 2 for q in seen(place, a, size))
    return a / s**beta, s


def within_gradient(
    a: Array, upper: Array, size: int, factor: float, beta: float, k: float
) -> Array:
    """Sum over p of upper_p db_p/da_q, for each pair of places (p, q)."""
    _, s = within(a, size, factor, beta, k)
    result = upper * s**-beta
    for p in np.ndindex(*a.shape):
        for q in seen(p, a, size):
            result[q] += upper[p] * a[p] * -beta * s[p] ** (-beta - 1) * 2 * factor * a[q]
    return result


def away(a: Array, size: int) -> Array:
    """a less the mean of its window; the mean is over what lies inside the map."""
    result = np.empty_like(a)
    for place in np.ndindex(*a.shape):
        cells = seen(place, a, size)
        result[place] = a[place] - sum(a[q] for q in cells) / len(cells)
    return result


def contrast(a: Array, size: int, factor: float, beta: float, k: float) -> tuple[Array, Array]:
    """As ``within``, but the squares are of a less the mean of its window (cnorm)."""
    s, d = np.empty_like(a), away(a, size)
    for place in np.ndindex(*a.shape):
        s[place] = k + factor * sum(d[q] ** 2 for q in seen(place, a, size))
    return a / s**beta, s


def contrast_gradient(
    a: Array, upper: Array, size: int, factor: float, beta: float, k: float
) -> Array:
    """Places p feel q through its own value, and r through the mean in q's window."""
    (_, s), d = contrast(a, size, factor, beta, k), away(a, size)
    result = upper * s**-beta
    for p in np.ndindex(*a.shape):
        for q in seen(p, a, size):
            inner = upper[p] * a[p] * -beta * s[p] ** (-beta - 1) * 2 * factor * d[q]
            result[q] += inner
            cells = seen(q, a, size)
            for r in cells:
                result[r] -= inner / len(cells)
    return result
