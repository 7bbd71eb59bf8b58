"""How many bytes a process sends in a training step, by arithmetic on the network's list.

An all-gather sends what a process holds to each of the others; a sum of gradients over n processes
sends 2 (n - 1) / n of them, as a ring does; nothing is counted twice, nor what a process sends to
itself.
"""

import math
from dataclasses import dataclass

from alexnet.networks.layers import Gather, Layers, Scatter
from alexnet.networks.tables import Row, Shape, table
from alexnet.parallel.split import Mode, Share, not_cut, share_of, streams_of


@dataclass
class Traffic:
    """Bytes that a process sends to others: values of layers both ways, gradients of weights."""

    values: int = 0
    gradients: int = 0


@dataclass(frozen=True)
class Widths:
    """Bytes of one number that travels: of values inside the network, of logits, of gradients."""

    values: int = 4
    logits: int = 4
    gradients: int = 4


def of_step(
    layers: Layers, shape: Shape, mode: Mode, size: int, rank: int, batch: int,
    widths: Widths = Widths(), local: int | None = None,
) -> Traffic:  # fmt: skip
    """What process ``rank`` of ``size`` sends in a step of ``batch`` pictures, all layers moving.

    ``shape`` is (channels, rows, columns) of a picture. For processes that see as many pictures;
    ``local`` as in ``share_of``.
    """
    share = share_of(layers, mode, size, rank, local)
    rows = table(share.layers, shape)
    pictures = batch // streams_of(mode, size, share.parts)
    values = sum(_values(row, share, pictures, widths) for row in rows)
    replicas = size // share.parts
    held = {f"{row.layer.name}.weight": row.weights for row in rows}
    held |= {f"{row.layer.name}.bias": row.biases for row in rows}
    everywhere = not_cut(share.slices) if mode == "hybrid" else set()
    whole = sum(count for name, count in held.items() if name in everywhere)
    cut = sum(held.values()) - whole
    gradients = summed(whole * widths.gradients, size) + summed(cut * widths.gradients, replicas)
    return Traffic(values, gradients)


def summed(size: int, processes: int) -> int:
    """Bytes that each of some processes sends to sum up ``size`` bytes of gradients."""
    return 2 * (processes - 1) * size // processes


def _values(row: Row, share: Share, pictures: int, widths: Widths) -> int:
    """Of one place where processes talk, there and back; ``pictures`` are this process's own."""
    layer = row.layer
    others, count = share.parts - 1, math.prod(row.input)
    if isinstance(layer, Scatter):
        return 2 * others * count * pictures * widths.logits
    if not isinstance(layer, Gather):
        return 0
    others = layer.parts - 1
    if layer.to == "first":
        # The first gets everything and gives back to all; another gives once and gets its part.
        return (others if share.index == 0 else 1) * count * pictures * widths.values
    gathered = share.apart and layer.what == "maps"  # behind the pictures of all
    return 2 * others * count * pictures * (share.parts if gathered else 1) * widths.values
