"""The training pictures that a network finds most like a picture (section 6.1 of the paper)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from alexnet.data.pictures import Stack
from alexnet.errors import AlexNetError
from alexnet.extraction import meant
from alexnet.model import Model
from alexnet.networks.layers import Linear, learned
from alexnet.networks.tables import Row
from alexnet.progress import Progress
from alexnet.reporting.choice import evenly_spaced

MOST = 2000  # training pictures that are looked at; each costs one pass of its central view
NEAREST = 6  # as in figure 4
BLOCK = 32


@dataclass(frozen=True)
class Match:
    """A training picture and how far its activations are from those of the picture asked about."""

    number: int
    distance: float


@dataclass(frozen=True)
class Nearest:
    """What was compared, and the nearest training pictures of each picture, nearest first."""

    layer: str
    output_of: str  # the layer's activation, where one follows
    values: int  # numbers that were compared
    looked_at: int
    total: int  # training pictures
    numbers: list[int]  # of the pictures asked about, in their part
    matches: list[list[Match]]


def nearest(
    model: Model, asked: NDArray[np.uint8], numbers: Sequence[int], training: Stack,
    inside: bool = False, quiet: bool = False,
) -> Nearest:  # fmt: skip
    """The six training pictures with the smallest Euclidean distance to each picture asked about.

    Compared is what ``last_hidden`` gives of the central views. ``asked`` is uint8
    (Q, size, size, 3), with ``numbers`` in its part; ``training`` (N, size, size, 3). Of these at
    most 2,000 are looked at, at equal distances through the part. ``inside`` says that the pictures
    asked about are training pictures themselves: none is then its own neighbour. Equal distances
    keep the order of the part. AlexNetError where the network has no hidden layer, or its
    activations are not finite.
    """
    layer, row = last_hidden(model)
    looked = evenly_spaced(len(training), MOST)
    distances = _distances(model, asked, training, looked, row.layer.name, quiet)
    if not np.isfinite(distances).all():
        raise AlexNetError(
            f"The activations of {row.layer.name} are not all finite numbers, so that nothing is "
            "near or far: the training has diverged."
        )
    matches = [
        _matches(row_of, looked, number if inside else None)
        for row_of, number in zip(distances, numbers, strict=True)
    ]
    return Nearest(
        layer, row.layer.name, prod(row.output), len(looked), len(training), list(numbers), matches
    )


def last_hidden(model: Model) -> tuple[str, Row]:
    """The name of the last hidden layer, and the row of its activation: in alexnet fc7, relu7.

    The last dense layer but the one that names the classes; where there is none, the last layer
    with weights before it. AlexNetError where there is neither.
    """
    *hidden, _ = learned(model.layers)
    dense = [layer for layer in hidden if isinstance(layer, Linear)]
    if not hidden:
        raise AlexNetError(
            f"The network {model.name} has no hidden layer in which pictures could be compared."
        )
    name = (dense or hidden)[-1].name
    return name, meant(model, name)


def _distances(
    model: Model, asked: NDArray[np.uint8], training: Stack, looked: list[int], layer: str,
    quiet: bool,
) -> NDArray[np.float64]:  # fmt: skip
    """Euclidean distances (Q, len(looked)) between activations, block by block."""
    wanted = _activations(model, asked, layer)
    distances = np.empty((len(asked), len(looked)))
    progress = Progress("neighbours", len(looked), quiet=quiet)
    for start in range(0, len(looked), BLOCK):
        block = slice(start, start + BLOCK)
        found = _activations(model, training[looked[block]], layer)
        for number, one in enumerate(wanted):
            # The difference itself: sums of squares less products lose what is near.
            distances[number, block] = np.sqrt(np.square(found - one).sum(axis=1))
        progress.update(min(block.stop, len(looked)))
    progress.close()
    return distances


def _activations(model: Model, pictures: NDArray[np.uint8], layer: str) -> NDArray[np.float64]:
    return model.features(pictures, layer).reshape(len(pictures), -1).astype(np.float64)


def _matches(distances: NDArray[np.float64], looked: Sequence[int], own: int | None) -> list[Match]:
    order = np.argsort(distances, kind="stable")
    found = [Match(looked[place], float(distances[place])) for place in order[: NEAREST + 1]]
    return [match for match in found if match.number != own][:NEAREST]
