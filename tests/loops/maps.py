"""Pooling and the layers that have weights."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rounding = Callable[[float], int]


def windows(
    side: int, window: int, stride: int, padding: int = 0, rounding: Rounding = math.ceil
) -> int:
    """cuda-convnet's rule: 1 + ceil((side + 2 padding - window) / stride); others round down."""
    return 1 + rounding((side + 2 * padding - window) / stride)


def covered(
    a: Array, place: tuple[int, int, int], window: int, stride: int
) -> list[tuple[int, int, int]]:
    """The cells of a pooling window, which is cut off at the edge."""
    c, y, x = place
    _, rows, columns = a.shape
    return [
        (c, i, j)
        for i in range(y * stride, min(y * stride + window, rows))
        for j in range(x * stride, min(x * stride + window, columns))
    ]


def pooled_shape(a: Array, window: int, stride: int, rounding: Rounding) -> tuple[int, ...]:
    channels, *sides = a.shape
    return channels, *(windows(side, window, stride, 0, rounding) for side in sides)


def pool(
    a: Array, window: int, stride: int, rounding: Rounding = math.ceil
) -> tuple[Array, dict[tuple[int, ...], Any]]:
    """Largest values of windows cut off at the edge, and where each came from (first of equals)."""
    result = np.empty(pooled_shape(a, window, stride, rounding))
    places = {}
    for c, y, x in np.ndindex(*result.shape):
        best = max(covered(a, (c, y, x), window, stride), key=lambda cell: a[cell])
        result[c, y, x], places[c, y, x] = a[best], best
    return result, places


def pool_gradient(
    shape: tuple[int, ...], upper: Array, places: dict[tuple[int, ...], Any]
) -> Array:
    result = np.zeros(shape)
    for target, source in places.items():
        result[source] += upper[target]
    return result


def average(a: Array, window: int, stride: int, rounding: Rounding = math.ceil) -> Array:
    """Means of windows; of one that hangs over the edge, the mean of what is inside."""
    result = np.empty(pooled_shape(a, window, stride, rounding))
    for place in np.ndindex(*result.shape):
        cells = covered(a, place, window, stride)
        result[place] = sum(a[cell] for cell in cells) / len(cells)
    return result


def average_gradient(a: Array, upper: Array, window: int, stride: int) -> Array:
    result = np.zeros_like(a)
    for place in np.ndindex(*upper.shape):
        cells = covered(a, place, window, stride)
        for cell in cells:
            result[cell] += upper[place] / len(cells)
    return result


def convolution(
    a: Array,
    weight: Array,
    bias: Array,
    stride: int,
    padding: int,
    groups: int,
    rounding: Rounding = math.ceil,
) -> Array:
    """As many windows as cuda-convnet's rule says; beyond every edge there are zeros."""
    kernels, reads, window, _ = weight.shape
    count = windows(a.shape[1], window, stride, padding, rounding)
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


def local(a: Array, weight: Array, bias: Array, padding: int) -> Array:
    """Kernels of its own at each place: weight (rows, columns, kernels, channels, k, k)."""
    rows, columns, kernels, _, window, _ = weight.shape
    plane = np.pad(a, ((0, 0), (padding, padding), (padding, padding)))
    result = np.empty((kernels, rows, columns))
    for kernel, y, x in np.ndindex(*result.shape):
        seen = plane[:, y : y + window, x : x + window]
        result[kernel, y, x] = (weight[y, x, kernel] * seen).sum() + bias[y, x, kernel]
    return result


def local_gradients(a: Array, upper: Array, weight: Array, padding: int) -> tuple[Array, ...]:
    """Gradients of the input, of the weights and of the biases."""
    window = weight.shape[-1]
    plane = np.pad(a, ((0, 0), (padding, padding), (padding, padding)))
    back, of_weight = np.zeros_like(plane), np.zeros_like(weight)
    for kernel, y, x in np.ndindex(*upper.shape):
        given = upper[kernel, y, x]
        back[:, y : y + window, x : x + window] += given * weight[y, x, kernel]
        of_weight[y, x, kernel] += given * plane[:, y : y + window, x : x + window]
    inside = slice(padding, plane.shape[1] - padding), slice(padding, plane.shape[2] - padding)
    return back[:, *inside], of_weight, upper.transpose(1, 2, 0)


def shares(inputs: int, weight: Array, groups: int) -> list[slice]:
    """What each unit reads: the inputs of its own group."""
    units, reads = weight.shape
    assert inputs == reads * groups
    group = units // groups
    return [slice(unit // group * reads, (unit // group + 1) * reads) for unit in range(units)]


def dense(x: Array, weight: Array, bias: Array, groups: int = 1) -> Array:
    """One sum for each unit; with groups, over the inputs of its own group only."""
    seen = shares(x.size, weight, groups)
    return np.array([(w * x[s]).sum() + b for w, b, s in zip(weight, bias, seen, strict=True)])


def dense_gradients(
    x: Array, upper: Array, weight: Array, groups: int = 1
) -> tuple[Array, Array, Array]:
    """Gradients of the input, of the weights and of the biases."""
    back, of_weight = np.zeros_like(x), np.zeros_like(weight)
    for unit, seen in enumerate(shares(x.size, weight, groups)):
        back[seen] += upper[unit] * weight[unit]
        of_weight[unit] = upper[unit] * x[seen]
    return back, of_weight, upper
