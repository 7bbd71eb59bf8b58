"""Whether two pictures are the same photo: the one is laid on the other, and edges are compared."""

import math

import numpy as np
from numpy.typing import NDArray

ROUNDS = 4  # of the fit; from then on nothing changes
FARTHEST = 0.12  # half sides that the fit may scale and shift: a tenth of the picture cut off
STEP = 0.05  # half sides that a round may move
BORDER = 16  # of a side; this part of it is not compared: what was cut off may lie there
FAINT = 1e-3  # sums of squares, below which there are no edges
AS_IT_LIES = (1.0, 0.0, 1.0, 0.0)  # the fit that moves nothing

Floats = NDArray[np.float64]


def likeness(
    one: NDArray[np.uint8], other: NDArray[np.uint8], fit: Floats | None = None
) -> Floats:  # fmt: skip
    """How like pictures are, -1 to 1: (P,), of greys (P, 32, 32) beside greys (P, 32, 32).

    The correlation of their edges (the Laplacian of the smoothed greys), after the other one has
    been laid on the first by ``fit``, by default as ``fitted``. Pictures without edges are like
    nothing: 0.
    """
    fit = fitted(one, other) if fit is None else fit
    return _correlation(_edges(_smoothed(one)), _edges(_laid(_smoothed(other), fit)))


def grey_likeness(one: NDArray[np.uint8], other: NDArray[np.uint8], fit: Floats) -> Floats:
    """The same of their smoothed greys, in which few strokes differ more than in their edges."""
    return _correlation(_inner(_smoothed(one)), _inner(_laid(_smoothed(other), fit)))


def fitted(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Floats:
    """How to lay the other one on the first, by least squares (Lucas and Kanade 1981): (P, 4).

    Scale and shift down, scale and shift across, in half sides; found with pictures of half the
    size.
    """
    target, source = _halved(_smoothed(one)), _halved(_smoothed(other))
    fit = np.tile(AS_IT_LIES, (len(one), 1))
    for _ in range(ROUNDS):
        fit += _better(target, _laid(source, fit))
        fit[:, ::2] = fit[:, ::2].clip(1 - FARTHEST, 1 + FARTHEST)
        fit[:, 1::2] = fit[:, 1::2].clip(-FARTHEST, FARTHEST)
    return fit


def edges(greys: NDArray[np.uint8]) -> Floats:
    """The edges that are compared, of pictures (P, 32, 32): (P, 28, 28)."""
    found = _edges(_smoothed(greys))
    side = math.isqrt(found.shape[1])
    return found.reshape(-1, side, side)


def _smoothed(greys: NDArray[np.uint8]) -> Floats:
    """Weights 1, 2, 1 down and across, which takes away what recompression has changed."""
    wide = np.pad(greys, ((0, 0), (1, 1), (1, 1)), mode="edge").astype(np.float64)
    wide = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    return (wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]) / 16


def _halved(pictures: Floats) -> Floats:
    rows = pictures[:, ::2] + pictures[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _laid(pictures: Floats, fit: Floats) -> Floats:
    """The pictures as they look at scaled and shifted places, linearly between pixels."""
    side = pictures.shape[1]
    down, across = _weights(fit[:, :2], side), _weights(fit[:, 2:], side)
    laid: Floats = down @ pictures @ across.transpose(0, 2, 1)
    return laid


def _weights(fit: Floats, side: int) -> Floats:
    """How much of each pixel (last) each place (middle) takes: (P, side, side)."""
    wanted = fit[:, :1] * _places(side) + fit[:, 1:]
    pixels = (wanted * (side / 2) + (side - 1) / 2).clip(0, side - 1)
    weights: Floats = (1 - np.abs(pixels[:, :, None] - np.arange(side))).clip(0)
    return weights


def _places(side: int) -> Floats:
    """Where pixels have their middles, -1 to 1."""
    places: Floats = (np.arange(side, dtype=np.float64) - (side - 1) / 2) / (side / 2)
    return places


def _better(target: Floats, laid: Floats) -> Floats:
    """What to add to the fit: (P, 4).

    The target is taken for a sum of the laid picture, a constant, and the picture's slopes times
    what each part of the fit moves there.
    """
    down, across = _slope(laid, 1), _slope(laid, 2)
    places = _places(laid.shape[1])
    parts = [down * places[:, None], down, across * places, across, laid, np.ones_like(laid)]
    every = np.stack([_inner(part) for part in parts], axis=1)
    # Where a picture has no slopes in some direction, it is not moved there.
    square = every @ every.transpose(0, 2, 1) + np.eye(len(parts))
    found = np.linalg.solve(square, every @ _inner(target)[:, :, None])[:, :, 0]
    contrast = np.maximum(found[:, 4:5], 0.2)
    step: Floats = np.clip(found[:, :4] / contrast, -STEP, STEP)
    return step


def _slope(pictures: Floats, axis: int) -> Floats:
    """The change from half side to half side."""
    slope: Floats = np.gradient(pictures, axis=axis) * (pictures.shape[1] / 2)
    return slope


def _inner(pictures: Floats) -> Floats:
    """Without the border: (P, pixels)."""
    side = pictures.shape[1]
    kept = slice(side // BORDER, side - side // BORDER)
    inner = pictures[:, kept, kept]
    return inner.reshape(len(inner), math.prod(inner.shape[1:]))


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
