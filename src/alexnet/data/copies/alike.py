"""Whether pictures whose edges match are copies: the plainer they are, the more must match.

A few strokes can always be laid on others of their kind: digits, drawings, shapes on one colour.
Photos cannot, so of pictures with as much in them as photos have, ALIKE is enough.
"""

import numpy as np
from numpy.typing import NDArray

from alexnet.data.copies.likeness import Floats, edges, likeness

ALIKE = 0.85  # docs/inspect.md tells where copies lie, and where other pictures
STILL = 0.97  # likeness of pictures as they lie, from which on the plainest are copies too
RICH = 320  # of ``structure``; nine photos in ten have more
STEEP = 4  # power of the structure with which plain pictures may differ less
LEVELS = 16  # of grey, that are told apart


def alike(
    one: NDArray[np.uint8], other: NDArray[np.uint8]
) -> tuple[Floats, NDArray[np.bool_]]:  # fmt: skip
    """The ``likeness`` (P,) of greys (P, 32, 32), and whether the pictures are copies (P,).

    Copies have a likeness of ALIKE. Where the plainer one has a ``structure`` below RICH, as one
    photo in ten has, they must be liker, up to 1, or match to STILL without being laid on each
    other.
    """
    like = likeness(one, other)
    close = np.flatnonzero(like >= ALIKE)
    one, other = one[close], other[close]
    plainer = np.minimum(structure(one), structure(other)) / RICH
    enough = 1 - like[close] <= (1 - ALIKE) * np.minimum(1, plainer) ** STEEP
    copies = np.zeros(len(like), np.bool_)
    copies[close] = enough | (likeness(one, other, rounds=0) >= STILL)
    return like, copies


def structure(greys: NDArray[np.uint8]) -> Floats:
    """How much there is in pictures (P, 32, 32): about 30 for a digit, 600 for a photo; 0 for none.

    The frequencies over which the edges are spread (their participation ratio: 1 where all are of
    one frequency), times the power 1.5 of the greys' entropy in bits.
    """
    return _frequencies(edges(greys)) * _entropy(greys) ** 1.5


def _frequencies(pictures: Floats) -> Floats:
    power = np.abs(np.fft.fft2(pictures)) ** 2
    squares = (power * power).sum(axis=(1, 2))
    spread: Floats = power.sum(axis=(1, 2)) ** 2 / np.maximum(squares, np.finfo(float).tiny)
    return spread


def _entropy(greys: NDArray[np.uint8]) -> Floats:
    """Bits of a pixel: 0 for pictures of one colour, 4 where all levels are equally many."""
    levels = greys[..., None] // (256 // LEVELS)
    shares = (levels == np.arange(LEVELS)).mean(axis=(1, 2))
    bits: Floats = -(shares * np.log2(np.maximum(shares, np.finfo(float).tiny))).sum(axis=1)
    return bits.clip(0)
