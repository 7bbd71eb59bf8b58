"""Mean image, channel means and principal axes of colour (sections 2 and 4.1 of the paper).

All sums are of whole numbers and exact, so that no order of the pictures changes a bit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 32  # pictures at a time
CHUNK = 16384  # pixels at a time: few enough for the cache; their sums are exact in float64


@dataclass(frozen=True)
class Statistics:
    """Of the training part of a set; pixels on 0 to 255 unless it says otherwise."""

    mean: NDArray[np.float32]  # (size, size, 3), mean image
    channel_means: NDArray[np.float64]  # (3,), R G B
    eigenvalues: NDArray[np.float64]  # (3,), of the covariance of pixels in [0, 1], largest first
    axes: NDArray[np.float64]  # (3, 3), columns are the components, rows R G B


def statistics(
    pictures: NDArray[np.uint8], seen: Callable[[NDArray[np.uint8]], None] | None = None
) -> Statistics:
    """The statistics of uint8 pictures (N, size, size, 3), N > 0, read once from first to last.

    ``seen`` is handed each block in order, so that another can use the same pass over the disk.
    """
    total = np.zeros(pictures.shape[1:], dtype=np.int64)
    products = np.zeros((3, 3), dtype=np.int64)
    for start in range(0, len(pictures), BLOCK):
        block = np.asarray(pictures[start : start + BLOCK])
        total += block.sum(axis=0, dtype=np.int64)
        products += _products(block)
        if seen is not None:
            seen(block)
    return _from_sums(len(pictures), total, products)


def _products(block: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sum over all pixels of the outer product of (R, G, B) with itself."""
    total = np.zeros((3, 3), dtype=np.int64)
    flat = block.reshape(-1, 3)
    for start in range(0, len(flat), CHUNK):
        pixels = flat[start : start + CHUNK].astype(np.float64)
        total += (pixels.T @ pixels).astype(np.int64)
    return total


def _from_sums(n: int, total: NDArray[np.int64], products: NDArray[np.int64]) -> Statistics:
    pixels = n * total.shape[0] * total.shape[1]
    sums = [int(s) for s in total.sum(axis=(0, 1))]
    # Python's whole numbers do not overflow; the only rounding is the last division.
    covariance = np.array(
        [
            [(pixels * int(products[i, j]) - sums[i] * sums[j]) / (pixels * 255) ** 2
             for j in range(3)]
            for i in range(3)
        ]
    )  # fmt: skip
    eigenvalues, axes = principal_axes(covariance)
    return Statistics(
        mean=(total / n).astype(np.float32),
        channel_means=np.array([s / pixels for s in sums]),
        eigenvalues=eigenvalues,
        axes=axes,
    )


def principal_axes(
    covariance: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues, largest first, and eigenvectors as columns, of a symmetric matrix.

    The entry of largest magnitude of each vector is positive: the sign would else be the
    library's choice.
    """
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(len(values))])
    return values, np.ascontiguousarray(vectors * signs)
