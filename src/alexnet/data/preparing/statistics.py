"""Mean image, channel means and principal axes of colour (sections 2 and 4.1 of the paper).

All sums are of whole numbers and exact, so that no order of the pictures changes a bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from alexnet.data.preparing.blocks import read_record, record_path
from alexnet.data.preparing.catalogue import Catalogue, quoted
from alexnet.data.shards import Shards
from alexnet.kernels.pictures import measure


@dataclass(frozen=True)
class Statistics:
    """Of the training pictures, all where there are none; 0 to 255 unless it says otherwise."""

    mean: NDArray[np.float32]  # (size, size, 3), mean image
    channel_means: NDArray[np.float64]  # (3,), R G B
    eigenvalues: NDArray[np.float64]  # (3,), of the covariance of pixels in [0, 1], largest first
    axes: NDArray[np.float64]  # (3, 3), columns are the components, rows R G B


def measured(catalogue: Catalogue, store: Shards, parts: Sequence[str] = ("train",)) -> Statistics:
    """The statistics of ``parts`` (all, or train alone), from the records of the blocks.

    The workers' sums are over all that was planned for these. Only the pictures that have left
    them since are read again.
    """
    size = store.size
    sums, moments, n = np.zeros((size, size, 3), np.int64), np.zeros(9, np.int64), 0
    left, unused = np.zeros((size, size, 3), np.uint32), np.zeros(9, np.int64)
    which = f"planned IN ({quoted(parts)}) OR part IN ({quoted(parts)})"
    for number, places in _by_block(catalogue, store.most, which):
        record = read_record(record_path(store.folder, number))
        sums += record.sums
        for place, planned, part in places:
            if part in parts:
                moments += record.moments[place]
                n += 1
            # Not the other way round: a split or a leak only ever takes pictures out of train.
            elif planned in parts:
                measure(store[number * store.most + place], left, unused)
        sums -= left
        left[:] = 0
    return of_sums(n, sums, moments)


def _by_block(
    catalogue: Catalogue, most: int, which: str
) -> Iterator[tuple[int, Iterable[tuple[int, str, str]]]]:
    rows = catalogue.db.execute(
        f"SELECT address, planned, part FROM picture WHERE {which} ORDER BY address"
    )
    for number, members in groupby(rows, key=lambda row: row[0] // most):
        yield number, ((address % most, planned, part) for address, planned, part in members)


def of_sums(n: int, sums: NDArray[np.int64], moments: NDArray[np.int64]) -> Statistics:
    """The statistics of ``n`` pictures: ``sums`` (size, size, 3) of each place, ``moments`` (9,) of
    all pixels: R, G, B, RR, GG, BB, RG, RB, GB.
    """
    pixels = n * sums.shape[0] * sums.shape[1]
    # Python's whole numbers do not overflow; the only rounding is the last division.
    means = [int(number) for number in moments[:3]]
    rr, gg, bb, rg, rb, gb = (int(number) for number in moments[3:])
    products = ((rr, rg, rb), (rg, gg, gb), (rb, gb, bb))
    covariance = np.array(
        [
            [(pixels * products[i][j] - means[i] * means[j]) / (pixels * 255) ** 2
             for j in range(3)]
            for i in range(3)
        ]
    )  # fmt: skip
    eigenvalues, axes = principal_axes(covariance)
    return Statistics(
        mean=(sums / n).astype(np.float32),
        channel_means=np.array([total / pixels for total in means]),
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
