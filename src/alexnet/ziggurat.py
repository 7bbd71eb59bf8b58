"""Normal numbers from Philox words, in the bits of numpy's ``standard_normal``.

numpy takes one word a number by the ziggurat of Marsaglia and Tsang (Journal of Statistical
Software 5(8), 2000): 256 layers of one area under the curve; eight bits of the word choose a layer,
one the sign, 52 the place in it. About one word in a hundred lies where numpy has to look at the
curve itself and may take more words; those are told, not drawn.
"""

import math
from decimal import Decimal, localcontext
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["normals"]

LAYERS = 256
RIGHT = 3.6541528853610088  # where the lowest layer ends and the tail begins
AREA = 0.0049286732339746519  # of a layer
PLACES = 2.0**52
ONE = np.uint64(1)


def normals(words: NDArray[np.uint64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What ``standard_normal`` makes of each word, and whether that is so: False where it is not.

    Both in the shape of ``words``; a number that is not so stands for none.
    """
    steps, within = tables()
    layer = (words & np.uint64(LAYERS - 1)).astype(np.intp)
    place = (words >> np.uint64(9)) & np.uint64(PLACES - 1)
    found = place * steps[layer]
    turned = (words >> np.uint64(8) & ONE).astype(bool)
    return np.negative(found, out=found, where=turned), place < within[layer]


@lru_cache(maxsize=1)
def tables() -> tuple[NDArray[np.float64], NDArray[np.uint64]]:
    """Of each layer, from the lowest up: the step of a place, and how many places lie within.

    numpy's constants, to the last bit. They were once computed in float64 with the exponentials
    and logarithms rounded correctly, one exponential apart, which is a last place too large; from
    it on upwards the edges inherit that.
    """
    edges = [0.0] * LAYERS
    edges[-1] = RIGHT
    for layer in range(LAYERS - 2, 0, -1):
        height = _height(edges[layer + 1])
        if layer == 37:
            height = math.nextafter(height, 1.0)
        edges[layer] = math.sqrt(-2 * _log(height + AREA / edges[layer + 1]))
    edges[0] = AREA / _height(RIGHT)  # as if the lowest layer, tail included, were a rectangle
    within = [RIGHT / edges[0], 0.0]
    within += [edges[layer - 1] / edges[layer] for layer in range(2, LAYERS)]
    places = [round(share * PLACES) for share in within]
    return np.array(edges) / PLACES, np.array(places, np.uint64)


def _height(x: float) -> float:
    """The curve, rounded correctly whatever the machine's library of functions does."""
    with localcontext(prec=40):
        return float(Decimal(-0.5 * x * x).exp())


def _log(x: float) -> float:
    with localcontext(prec=40):
        return float(Decimal(x).ln())
