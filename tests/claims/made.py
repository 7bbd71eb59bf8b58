"""Sets that are learned at once, curves made by hand, and a bench that looks curves up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from alexnet.claims.curves import Curve, Task
from alexnet.data.store import ImageSet
from alexnet.networks.layers import Convolution, Linear, ReLU
from tests.training.sets import noise_set

LAYERS = (
    Convolution("conv1", 4, 5, stride=3, decay=0.5), ReLU("relu1"), Linear("fc10", 3, decay=0.5),
)  # fmt: skip


def easy_set(train: int = 96, size: int = 32) -> ImageSet:
    """Dark noise; how red a picture is tells its class."""
    images = noise_set(train=train, size=size)
    part = images.parts["train"]
    pictures = np.array(part.pictures) // 4
    pictures[..., 0] += (60 * part.labels).astype(np.uint8)[:, None, None]
    return replace(images, parts={"train": replace(part, pictures=pictures)})


def task(rate: float = 0.05, seed: int = 1, **values: Any) -> Task:
    """A small network on an easy set: three epochs."""
    given: dict[str, Any] = {"target": 0.0, "least": 0, "most": 3, **values}
    return Task("small", rate, seed, LAYERS, **given)


def curve(*errors: float, network: str = "relu", rate: float = 0.02, seed: int = 1) -> Curve:
    """A curve with these errors."""
    return Curve(network, rate, seed, errors, tuple(2 * error for error in errors))


def falling(to: float | None, epochs: int) -> list[float]:
    """Errors that are 25 % after ``to`` epochs (n + 0.5), 30 % before; None: never."""
    return [0.3 if to is None or n + 0.5 < to else 0.25 for n in range(epochs)]


class Found:
    """A bench whose curves are a function of the task."""

    def __init__(self, errors: Callable[[Task], Sequence[float]]) -> None:
        self.errors, self.asked = errors, list[Task]()

    def curves(self, _title: str, tasks: Sequence[Task]) -> list[Curve]:
        self.asked += tasks
        return [Curve(*one.key, tuple(self.errors(one)), (0.0,)) for one in tasks]
