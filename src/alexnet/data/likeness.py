"""Whether two pictures are the same photo: the one is laid on the other, and edges are compared."""

import numpy as np
from numpy.typing import NDArray

from alexnet.kernels.pictures import SMALL

ROUNDS = 4  # of the fit; from then on nothing changes
FARTHEST = 0.12  # half sides that the fit may scale and shift: a tenth of the picture cut off
STEP = 0.05  # half sides that a round may move
FAINT = 1e-3  # sums of squares, below which there are no edges
BORDER = 2  # pixels at each side that are not compared: what was cut off may lie there

Floats = NDArray[np.float64]


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Floats:
    """How like pictures are, -1 to 1: (P,), of greys (P, 32, 32) beside greys (P, 32, 32).

    The correlation of their edges (the Laplacian of the smoothed greys), after the other one has
    been scaled and shifted onto the first by least squares (Lucas and Kanade 1981), each side by
    itself. Pictures without edges are like nothing: 0.
    """
    target, source = _smoothed(one), _smoothed(other)
    fit = np.tile(np.array([1.0, 0.0, 1.0, 0.0]), (len(one), 1))  # scale, shift: down, across
    for _ in range(ROUNDS):
        fit += _better(target, _laid(source, fit))
        fit[:, ::2] = fit[:, ::2].clip(1 - FARTHEST, 1 + FARTHEST)
        fit[:, 1::2] = fit[:, 1::2].clip(-FARTHEST, FARTHEST)
    return _correlation(_edges(target), _edges(_laid(source, fit)))


# Places of the pixels' middles, -1 to 1.
_PLACES = (np.arange(SMALL) - (SMALL - 1) / 2) / (SMALL / 2)


def _smoothed(greys: NDArray[np.uint8]) -> Floats:
    """Weights 1, 2, 1 down and across, which takes away what recompression has changed."""
    wide = np.pad(greys, ((0, 0), (1, 1), (1, 1)), mode="edge").astype(np.float64)
    wide = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    return (wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]) / 16


def _laid(pictures: Floats, fit: Floats) -> Floats:
    """The pictures as they look at scaled and shifted places, linearly between pixels."""
    down, across = _weights(fit[:, :2]), _weights(fit[:, 2:])
    laid: Floats = down @ pictures @ across.transpose(0, 2, 1)
    return laid


def _weights(fit: Floats) -> Floats:
    """How much of each pixel (last) each place (middle) takes: (P, 32, 32)."""
    wanted = fit[:, :1] * _PLACES + fit[:, 1:]
    pixels = (wanted * (SMALL / 2) + (SMALL - 1) / 2).clip(0, SMALL - 1)
    apart = np.abs(pixels[:, :, None] - np.arange(SMALL))
    weights: Floats = (1 - apart).clip(0)
    return weights


def _better(target: Floats, laid: Floats) -> Floats:
    """What to add to the fit: (P, 4).

    The target is taken for a sum of laid picture, a constant, and the picture's slopes times what
    each part of the fit moves there.
    """
    down, across = _slope(laid, 1), _slope(laid, 2)
    parts = [down * _PLACES[:, None], down, across * _PLACES, across, laid, np.ones_like(laid)]
    every = np.stack([_inner(part) for part in parts], axis=1)
    square = every @ every.transpose(0, 2, 1)
    # Where a picture has no slopes in some direction, it is not moved there.
    square += np.eye(len(parts))
    found = np.linalg.solve(square, every @ _inner(target)[:, :, None])[:, :, 0]
    contrast = np.maximum(found[:, 4:5], 0.2)
    step: Floats = np.clip(found[:, :4] / contrast, -STEP, STEP)
    return step


def _slope(pictures: Floats, axis: int) -> Floats:
    """The change from half side to half side."""
    slope: Floats = np.gradient(pictures, axis=axis) * (SMALL / 2)
    return slope


def _inner(pictures: Floats) -> Floats:
    """Without the border: (P, pixels)."""
    kept = slice(BORDER, SMALL - BORDER)
    return pictures[:, kept, kept].reshape(len(pictures), -1)


def _edges(pictures: Floats) -> Floats:
    """The Laplacian: (P, pixels)."""
    wide = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    beside = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return _inner(4 * pictures - beside)


def _correlation(one: Floats, other: Floats) -> Floats:
    one, other = (x - x.mean(axis=1, keepdims=True) for x in (one, other))
    sizes = np.sqrt((one * one).sum(axis=1) * (other * other).sum(axis=1))
    like: Floats = (one * other).sum(axis=1) / np.maximum(sizes, FAINT)
    return like
