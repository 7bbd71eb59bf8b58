"""What is drawn for the pictures of a whole batch, at once: the very values of ``draw`` for each.

A GPU reads batches faster than a processor makes a generator for each picture. Words of Philox are
made for all pictures together and read as numpy would read them. Where numpy would take another
number instead (of a normal one in a hundred), that picture is drawn alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alexnet.philox import Words, blocks, doubles, key_of
from alexnet.views.drawing import Augmentation, draw, shifts_of
from alexnet.ziggurat import normals

__all__ = ["Drawn", "colour_shifts", "draw_many"]

Numbers = NDArray[np.float64]
Counts = NDArray[np.integer]
HALF = np.uint64(32)


@dataclass(frozen=True)
class Drawn:
    """What was drawn for N pictures, each field as that of ``Draw``: (N,), and (N, 3) factors."""

    left: Numbers
    top: Numbers
    width: Numbers
    height: Numbers
    mirrored: NDArray[np.bool_]
    factors: Numbers


def draw_many(
    seed: int, epochs: Counts, images: Counts, size: int, crop: int, ways: Augmentation,
    places: Counts,
) -> Drawn:  # fmt: skip
    """Of each picture what ``draw(seed, epoch, image, size, crop, ways, place)`` gives.

    ``epochs``, ``images``, ``places``: (N,), whole numbers; places where blocks share their crop.
    """
    used = (4 if ways.area < 1 else int(size > crop)) + 1  # words of box and mirror
    if ways.block == 1:
        own = _words(seed, "view", used + 3, epochs, images)
        random, own = own[:, :used], own[:, used:]
    else:
        own = _words(seed, "view", 3, epochs, images)
        shared, which = np.unique(places // ways.block, return_inverse=True)
        random = _words(seed, "block", used, shared)[which]
    again = np.zeros(len(images), bool)
    box = _shapes(random, size, ways.area) if ways.area < 1 else _windows(random, size, crop, again)
    mirrored = (doubles(random[:, used - 1]) < 0.5) & ways.mirror
    normal, good = normals(own)
    noise = np.where(epochs < ways.noise_until, ways.colour_noise, 0.0)
    drawn = Drawn(*box, mirrored, noise[:, None] * normal)
    for row in np.flatnonzero(again | ~good.all(1)).tolist():
        numbers = int(epochs[row]), int(images[row]), size, crop, ways, int(places[row])
        _put(drawn, row, seed, *numbers)
    return drawn


def colour_shifts(
    drawn: Drawn, eigenvalues: Numbers, axes: Numbers, unit: str = "eigenvalue"
) -> NDArray[np.float32]:
    """Of each picture what ``colour_shift`` gives: (N, 3)."""
    return shifts_of(drawn.factors, eigenvalues, axes, unit)


def _words(seed: int, purpose: str, count: int, *counters: Counts) -> Words:
    """The first ``count`` words of ``generator(seed, purpose, *counters)`` of each: (N, count)."""
    each = -(-count // 4)
    values = np.zeros((len(counters[0]), each, 4), np.uint64)
    values[:, :, 0] = np.arange(1, each + 1)
    for word, numbers in enumerate(counters, 1):
        values[:, :, word] = numbers[:, None]
    words = blocks(key_of(seed, purpose), values.reshape(-1, 4))
    return words.reshape(-1, 4 * each)[:, :count]


def _windows(
    words: Words, size: int, crop: int, again: NDArray[np.bool_]
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Windows of ``crop`` pixels; ``again`` becomes True where numpy would take another number.

    numpy's ``integers`` takes halves of a word, the lower first, by Lemire's rule (ACM TOMACS
    29(1), 2019): the upper half of a product, unless its lower half is among the first few.
    """
    sides = np.full(len(words), float(crop))
    count = size - crop + 1
    if count == 1:
        return np.zeros(len(words)), np.zeros(len(words)), sides, sides.copy()
    halves = np.stack([words[:, 0] & np.uint64(2**32 - 1), words[:, 0] >> HALF])
    products = halves * np.uint64(count)
    again |= ((products & np.uint64(2**32 - 1)) < np.uint64(2**32 % count)).any(0)
    left, top = (products >> HALF).astype(float)
    return left, top, sides, sides.copy()


def _shapes(words: Words, size: int, area: float) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Windows of ``area`` to 1 of the picture, as ``draw`` says."""
    first, second, third, fourth = doubles(words[:, :4]).T
    share = area + (1.0 - area) * first
    # By math, as there: numpy's logarithm and exponential of arrays may have another last bit.
    logarithms = np.fromiter(map(math.log, share.tolist()), float)
    most = np.minimum(math.log(4 / 3), -logarithms) / 2
    shape = np.fromiter(map(math.exp, ((-1.0 + 2.0 * second) * most).tolist()), float)
    root = size * np.sqrt(share)
    width, height = np.minimum(size, root * shape), np.minimum(size, root * (1 / shape))
    return (size - width) * third, (size - height) * fourth, width, height


def _put(
    drawn: Drawn, row: int, seed: int, epoch: int, image: int, size: int, crop: int,
    ways: Augmentation, place: int,
) -> None:  # fmt: skip
    """Draw one picture alone, into its row."""
    one = draw(seed, epoch, image, size, crop, ways, place)
    for name, value in vars(one).items():
        getattr(drawn, name)[row] = value
