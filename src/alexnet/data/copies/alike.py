"""Whether pictures whose edges match are copies: the plainer they are, the more must match.

A few strokes can always be laid on others of their kind: digits, drawings, shapes on one colour.
Photos cannot, so of pictures with as much in them as photos have, ALIKE is enough.
"""

import numpy as np
from numpy.typing import NDArray

from alexnet.data.copies.likeness import AS_IT_LIES, Floats, edges, fitted, grey_likeness, likeness

ALIKE = 0.85  # docs/inspect.md tells where copies lie, and where other pictures
SAME = 0.996  # likeness of greys, from which on the plainest are copies too
STILL = 0.01  # half sides by which these may be shifted: shapes are moved about, photos are cut
RICH = 320  # of ``structure``; nine photos in ten have more
STEEP = 4  # power of the structure with which plain pictures may differ less
LEVELS = 16  # of grey, that are told apart


def alike(
    one: NDArray[np.uint8], other: NDArray[np.uint8]
) -> tuple[Floats, NDArray[np.bool_]]:  # fmt: skip
    """The ``likeness`` (P,) of greys (P, 32, 32), and whether the pictures are copies (P,).

    Copies have a likeness of ALIKE. Where the plainer one has a ``structure`` below RICH, as one
    photo in ten has, they must be liker, up to 1, or their greys must be the SAME without a shift.
    """
    fit = fitted(one, other)
    like = likeness(one, other, fit)
    close = np.flatnonzero(like >= ALIKE)
    one, other, fit = one[close], other[close], fit[close]
    plainer = np.minimum(structure(one), structure(other)) / RICH
    enough = 1 - like[close] <= (1 - ALIKE) * np.minimum(1, plainer) ** STEEP
    copies = np.zeros(len(like), np.bool_)
    copies[close] = enough | _are_the_same(one, other, fit)
    return like, copies


def _are_the_same(
    one: NDArray[np.uint8], other: NDArray[np.uint8], fit: Floats
) -> NDArray[np.bool_]:  # fmt: skip
    """Whether greys match to SAME as they lie, or laid on each other nearly without a shift."""
    still = np.hypot(fit[:, 1], fit[:, 3]) <= STILL
    laid = still & (grey_likeness(one, other, fit) >= SAME)
    lying = np.broadcast_to(AS_IT_LIES, fit.shape)
    same: NDArray[np.bool_] = laid | (grey_likeness(one, other, lying) >= SAME)
    return same


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
