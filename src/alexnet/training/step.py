"""One step: forward and back, in as many turns as memory wants, on as many processes as there are.

The loss is always the mean over the whole batch of the recipe, whoever computes how much of it, so
that gradients need only be added up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from alexnet.networks.build import Masks
from alexnet.training.batches import Batch
from alexnet.training.dropout import Held, masks_of
from alexnet.training.optimizer import Rates

if TYPE_CHECKING:  # a job holds the engine that takes its steps
    from alexnet.training.job import Job


HeldOut = Callable[[slice], Tensor]  # a block of pictures, uint8 (n, size, size, 3)


class Found(NamedTuple):
    """Here: pictures whose logits were computed, sum of their losses, errors."""

    pictures: int
    loss: float
    wrong: int


class Outcome(NamedTuple):
    """Of all processes together: pictures seen, mean loss, errors, seconds waited and in all."""

    pictures: int
    loss: float
    wrong: int
    waited: float
    busy: float


class Engine(Protocol):
    """Who takes a step: the processor (``CpuEngine``) or a GPU (``training.gpu.engine``).

    ``held_out`` gives the validation pictures, where they are not read from the set as they come.
    """

    held_out: HeldOut | None

    def step(self, job: Job, batch: Batch, rates: Rates) -> Found:
        """One update. What is known by now, of this step or of those before it."""

    def settle(self) -> Found:
        """What is known of all steps, but was not returned yet."""

    def close(self) -> None:
        """No more steps come."""


class CpuEngine:
    """A step whose numbers are known when it ends."""

    held_out: HeldOut | None = None

    def step(self, job: Job, batch: Batch, rates: Rates) -> Found:
        """Forward, back, update."""
        found = forward_and_back(job, batch, rates)
        job.optimizer.step(rates)
        return found

    def settle(self) -> Found:
        """Nothing is ever left to say."""
        return Found(0, 0.0, 0)

    def close(self) -> None:
        """Nothing was taken."""


def forward_and_back(job: Job, batch: Batch, rates: Rates) -> Found:
    """Gradients in place."""
    job.optimizer.freeze(rates)

    def masks(turn: int) -> Masks:
        return masks_of(job.recipe.seed, job.tally.step, held_in(job, turn))

    pictures, sums = both_ways(job, batch.views, batch.labels, masks)
    loss, wrong = sums.tolist()
    return Found(pictures, loss, int(wrong))


def both_ways(
    job: Job, views: Tensor, labels: Tensor, masks: Callable[[int], Masks]
) -> tuple[int, Tensor]:
    """Gradients in place, in turns; pictures whose logits were computed here, and of these float64
    (2,): the sum of losses, and of errors.

    ``masks`` makes those of a turn. Nothing is read from the device, which a captured step needs.
    """
    pictures, sums = 0, torch.zeros(2, dtype=torch.float64, device=labels.device)
    rows = job.placement.pieces(job.turns)
    for turn, some in enumerate(rows):
        job.network.masks = masks(turn)
        here = slice(some.start - job.placement.rows.start, some.stop - job.placement.rows.start)
        with job.placement.adding(turn + 1 < len(rows)):
            logits = job.placement.forward(views[here])
            found = loss_of(job, logits, labels[here])
            if found.requires_grad:  # it does not where all layers stand still
                found.backward()  # type: ignore[no-untyped-call]
        if logits.dim():
            pictures += len(some)
            sums[0] += found.detach().double() * job.recipe.batch
            sums[1] += (logits.detach().argmax(1) != labels[here]).sum()
    return pictures, sums


def loss_of(job: Job, logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy: these pictures' part of the mean over the batch."""
    if not logits.dim():
        return logits  # another process has the logits
    smoothing = job.recipe.smoothing
    total = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")
    return total / job.recipe.batch


def held_in(job: Job, turn: int) -> Callable[[str], Held]:
    """What of each layer's values is here in a turn."""
    return lambda layer: Held(*job.placement.places(layer, turn, job.turns))


def agreed(job: Job, here: Found, waited: float, busy: float) -> Outcome:
    """What all processes found together; the clock is the first one's."""
    world = job.placement.world
    pictures, loss, wrong = here
    found = world.sums(
        {"pictures": pictures, "loss": loss, "wrong": wrong, "waited": waited,
         "busy": world.of_first(busy)}
    )  # fmt: skip
    seen = int(found["pictures"])
    mean, waited = found["loss"] / max(1, seen), found["waited"] / world.size
    return Outcome(seen, mean, int(found["wrong"]), waited, found["busy"])
