"""Philox4x64-10 over arrays: many generators' numbers at once, in the bits of numpy's own.

Making a numpy generator takes ten times as long as drawing the few numbers that a picture needs.
The algorithm: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
"""

import numpy as np
from numpy.typing import NDArray

from alexnet.randomness import generator

__all__ = ["blocks", "doubles", "key_of"]

Words = NDArray[np.uint64]

ROUNDS = 10
MULTIPLIERS = np.array([[0xD2E7470EE14C6C93], [0xCA5A826395121157]], np.uint64)
WEYL = np.array([[0x9E3779B97F4A7C15], [0xBB67AE8584CAA73B]], np.uint64)
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def key_of(seed: int, purpose: str) -> Words:
    """The key, uint64 (2,), of all ``randomness.generator``s of a seed and purpose."""
    key: Words = generator(seed, purpose).bit_generator.state["state"]["key"]
    return key


def blocks(key: Words, counters: Words) -> Words:
    """The four numbers that a key gives at each counter: uint64 (n, 4).

    ``key``: uint64 (2,); ``counters``: uint64 (n, 4), lowest word first. numpy counts before it
    makes a block, so the first numbers of ``np.random.Philox(key=key, counter=c)`` are at c + 1.
    """
    even, odd = (np.ascontiguousarray(counters.T[first::2]) for first in (0, 1))
    room = np.empty((4, *even.shape), np.uint64)
    keys = key[:, None].copy()
    for _ in range(ROUNDS):
        # The other word's upper half goes into each, the lower halves change places.
        odd ^= _upper(even, room)[::-1]
        odd ^= keys
        even *= MULTIPLIERS
        even, odd = odd, even[::-1].copy()
        keys += WEYL
    return np.stack([even, odd], 1).reshape(4, -1).T


def doubles(words: Words) -> NDArray[np.float64]:
    """Numbers in [0, 1) from the upper 53 bits of each word, as numpy's ``random()`` makes them."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _upper(words: Words, room: Words) -> Words:
    """The upper 64 bits of words (2, n) times their multipliers, from products of halves.

    ``room``: (4, 2, n), to work in and for the result; memory of its own for each step costs more
    than the arithmetic.
    """
    low, high, carried = room[:3]
    middle: Words = room[3]
    less, more = MULTIPLIERS & LOW, MULTIPLIERS >> HALF
    np.bitwise_and(words, LOW, out=low)
    np.right_shift(words, HALF, out=high)
    np.multiply(low, less, out=middle)
    middle >>= HALF
    middle += np.multiply(high, less, out=carried)
    np.bitwise_and(middle, LOW, out=carried)
    carried += np.multiply(low, more, out=low)
    carried >>= HALF
    middle >>= HALF
    middle += carried
    middle += np.multiply(high, more, out=high)
    return middle
