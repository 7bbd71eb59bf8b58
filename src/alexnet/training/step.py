"""One step: forward and back, in as many turns as memory wants, on as many processes as there are.

The loss is always the mean over the whole batch of the recipe, whoever computes how much of it, so
that gradients need only be added up.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from alexnet.training.batches import Batch
from alexnet.training.dropout import Held, masks_of
from alexnet.training.job import Job
from alexnet.training.optimizer import Rates


class Outcome(NamedTuple):
    """Of all processes together: pictures seen, mean loss, errors, seconds waited and in all."""

    pictures: int
    loss: float
    wrong: int
    waited: float
    busy: float


def forward_and_back(job: Job, batch: Batch, rates: Rates) -> tuple[int, float, int]:
    """Gradients in place; pictures whose logits were computed here, sum of losses, errors."""
    job.optimizer.freeze(rates)
    pictures, wrong = 0, 0
    loss = torch.zeros((), dtype=torch.float64)
    rows = job.placement.pieces(job.turns)
    for turn, some in enumerate(rows):
        job.network.masks = masks_of(job.recipe.seed, job.tally.step, _held(job, turn))
        here = slice(some.start - job.placement.rows.start, some.stop - job.placement.rows.start)
        views, labels = batch.views[here], batch.labels[here]
        with job.placement.adding(turn + 1 < len(rows)):
            logits = job.placement.forward(views)
            found = loss_of(job, logits, labels)
            if found.requires_grad:  # it does not where all layers stand still
                found.backward()  # type: ignore[no-untyped-call]
        if logits.dim():
            pictures += len(labels)
            loss += found.detach().double() * job.recipe.batch
            wrong += int((logits.detach().argmax(1) != labels).sum())
    return pictures, float(loss), wrong


def loss_of(job: Job, logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy: these pictures' part of the mean over the batch."""
    if not logits.dim():
        return logits  # another process has the logits
    smoothing = job.recipe.smoothing
    total = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")
    return total / job.recipe.batch


def _held(job: Job, turn: int) -> Callable[[str], Held]:
    return lambda layer: Held(*job.placement.places(layer, turn, job.turns))


def agreed(job: Job, here: tuple[int, float, int], waited: float, busy: float) -> Outcome:
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
