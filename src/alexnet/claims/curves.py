"""Training a small network for some epochs while its training error is written down.

The training error of an epoch is the running one: each picture is judged just before the update
that it takes part in, as cuda-convnet prints it. It belongs to the middle of its epoch: the first
point lies at 0.5 epochs. No decay, no mirrors, no crops, no noise, one constant rate.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.data.store import ImageSet
from alexnet.errors import Interrupted
from alexnet.interrupt import Stop
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers, Learned
from alexnet.training.batches import order
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe
from alexnet.training.start import draw_weights, unit_variance

BATCH, MOMENTUM = 128, 0.9  # section 5; cuda-convnet's for CIFAR-10 too
SCALE = 64.0  # grey levels that make 1 at the input, as the recipe `fast`

Key = tuple[str, float, int]


@dataclass(frozen=True)
class Named:
    """What tells a curve, or the task of one, from others of the same claim."""

    network: str
    rate: float
    seed: int

    @property
    def key(self) -> Key:
        """The three of them."""
        return (self.network, self.rate, self.seed)


@dataclass(frozen=True)
class Task(Named):
    """A network to train: at least so many epochs, and on until the target, but not past most."""

    layers: Layers
    target: float
    least: int
    most: int


@dataclass(frozen=True)
class Curve(Named):
    """The training error and loss of each epoch."""

    errors: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def points(self) -> list[tuple[float, float]]:
        """(epochs, error), an epoch's error in its middle."""
        return [(number + 0.5, error) for number, error in enumerate(self.errors)]

    def reaches(self, target: float) -> float | None:
        """Epochs until the error is ``target``, on straight lines between points; None: never."""
        before: tuple[float, float] | None = None
        for epochs, error in self.points:
            if error <= target:
                if before is None:
                    return epochs
                share = (before[1] - target) / (before[1] - error)
                return before[0] + share * (epochs - before[0])
            before = (epochs, error)
        return None


def train(images: ImageSet, task: Task, stop: Stop, tell: Callable[[int], None]) -> Curve:
    """Train; ``tell`` hears the number of pictures of each step. Interrupted between two steps.

    A loss that is no number ends the curve.
    """
    trainer = _Trainer(images, task)
    errors: list[float] = []
    losses: list[float] = []
    while len(errors) < task.most:
        error, loss = trainer.epoch(len(errors), stop, tell)
        errors.append(round(error, 6))
        losses.append(round(loss, 6))
        reached = min(errors) <= task.target and len(errors) >= task.least
        if reached or not math.isfinite(loss):
            break
    return Curve(*task.key, tuple(errors), tuple(losses))


class _Trainer:
    """The network of a task with its update; a function of set and task alone."""

    def __init__(self, images: ImageSet, task: Task) -> None:
        self.part, self.mean, self.task = images.parts["train"], images.mean, task
        self.network = Network(_undecayed(task.layers), images.size)
        draw_weights(self.network, task.seed)
        first = order(task.seed, 0, len(self.part))[:BATCH]
        unit_variance(self.network, self._pictures(first))
        self.network.train()
        self.update = Momentum(self.network, Recipe(momentum=MOMENTUM, decay=0.0))

    def _pictures(self, which: np.typing.NDArray[np.int32]) -> Tensor:
        pixels = (self.part.pictures[which] - self.mean) / np.float32(SCALE)
        return torch.from_numpy(pixels).permute(0, 3, 1, 2)

    def epoch(self, number: int, stop: Stop, tell: Callable[[int], None]) -> tuple[float, float]:
        """Every picture once; the share that was wrong and the mean loss."""
        places = order(self.task.seed, number, len(self.part))
        wrong, loss = 0, 0.0
        for start in range(0, len(places), BATCH):
            if stop.requested:
                raise Interrupted("Stopped.")
            which = places[start : start + BATCH]
            step_wrong, step_loss = self._step(which)
            wrong, loss = wrong + step_wrong, loss + step_loss * len(which)
            tell(len(which))
        return wrong / len(places), loss / len(places)

    def _step(self, which: np.typing.NDArray[np.int32]) -> tuple[int, float]:
        labels = torch.from_numpy(self.part.labels[which])
        logits = self.network(self._pictures(which))
        loss = functional.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self.update.step(Rates(self.task.rate, self.task.rate))
        return int((logits.argmax(1) != labels).sum()), float(loss.detach())


def _undecayed(layers: Layers) -> Layers:
    return tuple(
        replace(layer, decay=0.0) if isinstance(layer, Learned) else layer for layer in layers
    )
