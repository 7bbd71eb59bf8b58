"""Loss and errors on the validation part after an epoch: the central view, as in section 5."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.blocks import Blocks, block_on
from alexnet.data.store import ImageSet
from alexnet.metrics import k_of, places
from alexnet.model import Model
from alexnet.parallel.placement import ALONE
from alexnet.parallel.world import World
from alexnet.views import Pictures


def validate(
    model: Model,
    images: ImageSet,
    world: World = ALONE,
    pictures: Callable[[slice], Pictures] | None = None,
) -> dict[str, Any]:
    """Mean loss, top-1 and top-5 error as shares; None where there is no validation part.

    Of several processes each takes every so-manieth block, and every picture is counted once: the
    numbers are those of a single process. ``pictures`` gives a part of the validation pictures,
    wherever they lie; by default they are read from the set.
    """
    part = images.parts.get("val")
    if part is None or len(part) == 0:
        return {"val_loss": None, "val_error": None, "val_top5_error": None}
    found = np.zeros((2, len(part)))
    blocks = Blocks(world.told(block_on(model.where)))  # one size for all processes
    for first in range(world.rank * blocks.size, len(part), world.size * blocks.size):
        block = slice(first, min(first + blocks.size, len(part)))
        seen = pictures(block) if pictures else part.pictures[block]
        shares = blocks.answers(model.probabilities, seen, 1)[0]
        found[:, block] = _measured(shares, part.labels[block])
    model.network.train()
    of_label, place = world.added(found)
    return {
        "val_loss": float(-np.log(np.maximum(of_label, 1e-30)).mean()),
        "val_error": float((place >= 1).mean()),
        "val_top5_error": float((place >= k_of(len(model.classes))).mean()),
    }


def _measured(shares: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """(2, N): the probability of each picture's class, and its place among all classes."""
    return np.stack([shares[np.arange(len(labels)), labels], places(shares, labels)])
