"""A perceptual hash: 64 bits that copies of a photo share, and of which a mirror flips known ones.

Of the discrete cosine transform of a grey picture the signs of the lowest 64 frequencies are kept,
without the mean. Scaling, recompression, brightness and contrast leave most signs as they are; a
mirror turns the signs of the odd horizontal frequencies and no other.
"""

import numpy as np
from numpy.typing import NDArray

from alexnet.kernels.pictures import SMALL

BITS = 64
BANDS = 8  # bytes of the hash
FLAT = np.uint64(0)  # of a picture of one colour, which has no signs


def perceptual_hash(grey: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The hashes, uint64 (...), of greys (..., 32, 32) such as ``small_grey`` gives.

    Equal greys have equal hashes on every machine; that of the mirrored picture is
    ``hash ^ MIRROR_MASK`` where no frequency is exactly 0.
    """
    # Whole numbers below 2^53: exact in float64, whatever the order of BLAS's sums.
    sizes = _WAVES @ grey.astype(np.float64) @ _WAVES.T
    signs = np.ascontiguousarray(sizes[..., _VERTICAL, _HORIZONTAL] > 0)
    packed = np.packbits(signs, axis=-1, bitorder="little")
    hashes: NDArray[np.uint64] = packed.view("<u8")[..., 0].astype(np.uint64)
    return hashes


def _frequencies() -> NDArray[np.intp]:
    """The 64 lowest (vertical, horizontal) frequencies, bit by bit: (64, 2)."""
    every = [(v, h) for v in range(SMALL) for h in range(SMALL)]
    lowest = sorted(every, key=lambda one: (one[0] ** 2 + one[1] ** 2, one))[1 : BITS + 1]
    # Low ones, which tell less, are dealt out to all bytes, so that no byte is a common one.
    return np.array([one for byte in range(BANDS) for one in lowest[byte::BANDS]])


_VERTICAL, _HORIZONTAL = _frequencies().T
MIRROR_MASK = np.packbits(_HORIZONTAL % 2 == 1, bitorder="little").view("<u8")[0].astype(np.uint64)


def _waves() -> NDArray[np.float64]:
    """Cosines of the frequencies that are needed, in whole 1024ths: (highest + 1, 32)."""
    places = (2 * np.arange(SMALL) + 1) * np.pi / (2 * SMALL)
    frequencies = np.arange(max(_VERTICAL.max(), _HORIZONTAL.max()) + 1)
    waves: NDArray[np.float64] = np.rint(1024 * np.cos(np.outer(frequencies, places)))
    return waves


_WAVES = _waves()
