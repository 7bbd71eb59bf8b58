"""Dropout masks from (seed, layer, step): a resumed run drops what it would have dropped."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet.networks.build import Masks
from alexnet.randomness import generator

LEVELS = 2**16  # a rate is rounded to this fraction; 16 random bits a unit are quick to draw
DRAWN = 16  # of these numbers come from one value of a Philox generator's counter


class Held(NamedTuple):
    """Which values of a layer are here: rows of the batch, and one of some parts of the units."""

    rows: Sequence[range]
    part: int = 0
    parts: int = 1


def masks_of(seed: int, step: int, held: Callable[[str], Held] | None = None) -> Masks:
    """The masks of a step: 0 with the layer's rate, else 1, in the shape of the layer's input.

    ``held`` says by a layer's name what of its values the input is; None: all. Whoever holds a
    value drops it or not as a single process with the whole batch would.
    """

    def mask(layer: str, x: Tensor, rate: float) -> Tensor:
        rows, part, parts = held(layer) if held else Held([range(len(x))])
        shape = (x.shape[1] * parts, *x.shape[2:])
        drawn = [_bits(seed, layer, step, some, shape) for some in rows]
        bits = drawn[0] if len(drawn) == 1 else np.concatenate(drawn)
        kept = torch.from_numpy(bits >= round(rate * LEVELS))
        return kept.chunk(parts, 1)[part].to(x)

    return mask


def _bits(
    seed: int, layer: str, step: int, rows: range, shape: tuple[int, ...]
) -> NDArray[np.uint16]:
    """The numbers of some pictures of the batch, without drawing those before them."""
    random = generator(seed, f"dropout {layer}", step)
    each = int(np.prod(shape))
    values, before = divmod(rows.start * each, DRAWN)
    random.bit_generator.advance(values)  # type: ignore[attr-defined]
    drawn = random.integers(0, LEVELS, before + len(rows) * each, dtype=np.uint16)
    return drawn[before:].reshape(len(rows), *shape)
