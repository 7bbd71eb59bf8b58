"""The least time that each part of a training step can take: the roofline of the device.

A part has so many operations and must move so many bytes, so it takes at least the longer of
operations / peak and bytes / bandwidth. Each step of the list reads its input once and writes its
output once; on the way back it reads the upper gradient and its input again and writes the gradient
of its input. Weights are read both ways, and their gradient is written. What could be had for less
by running two steps as one is not in it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from alexnet.benchmarking.watch import BACKWARD, DATA, FORWARD, UPDATE, Part, name_of
from alexnet.networks.build import steps
from alexnet.networks.layers import Layers, learned
from alexnet.networks.tables import Row as Shapes
from alexnet.networks.tables import table

SIZES = {"float32": 4, "bf16": 2}  # bytes of a value
MASTER = 4  # bytes of a weight and of its velocity, whatever the arithmetic


@dataclass(frozen=True)
class Limits:
    """What a device reaches: operations a second, bytes a second."""

    operations: float
    bandwidth: float

    def seconds(self, operations: float, moved: float) -> float:
        """The least that so many operations and bytes take."""
        return max(operations / self.operations, moved / self.bandwidth)


def floors(
    layers: Layers, crop: int, batch: int, precision: str, limits: Limits
) -> dict[Part, float]:
    """Seconds of each part of a training step at the least; the loss has no floor."""
    size = SIZES[precision]
    rows = {row.layer.name: row for row in table(layers, (3, crop, crop))}
    found = {
        (DATA, ""): limits.seconds(0, batch * 3 * crop**2 * (1 + size)),
        (UPDATE, ""): limits.seconds(0, _updated(rows, precision)),
    }
    logits, above = learned(layers)[-1].name, False  # whether there are weights before a step
    for step in steps(layers):
        some = [rows[layer.name] for layer in step]
        weights = MASTER if step[0].name == logits else size
        for way, (operations, moved) in _both(some, batch, size, weights, above).items():
            found[name_of(step), way] = limits.seconds(operations, moved)
        above = above or any(row.weights for row in some)
    return found


def _both(
    step: list[Shapes], batch: int, size: int, of_weights: int, gradient: bool
) -> Mapping[str, tuple[float, float]]:
    """Operations and bytes of a step, both ways; ``gradient``: its input needs one."""
    operations = 2.0 * batch * sum(row.multiply_adds for row in step)
    weights = of_weights * sum(row.weights + row.biases for row in step)
    before, after = (batch * size * math.prod(shape) for shape in (step[0].input, step[-1].output))
    back = before + after + weights + (before + weights if gradient else 0)
    has_weights = any(row.weights for row in step)
    if not gradient and not has_weights:
        back = 0
    return {
        FORWARD: (operations, before + after + weights),
        BACKWARD: (operations * (1 + gradient), back),
    }


def _updated(rows: Mapping[str, Shapes], precision: str) -> float:
    """Bytes of the update: weights and velocities both ways, gradients, and weights in bf16."""
    count = sum(row.weights + row.biases for row in rows.values())
    size = SIZES[precision]
    return count * (4 * MASTER + size + (size if size < MASTER else 0))
