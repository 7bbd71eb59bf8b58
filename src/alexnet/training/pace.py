"""How fast a run trains here, and how far it gets in the time given."""

import time
from collections.abc import Mapping
from typing import Any

from alexnet.devices import synchronize
from alexnet.training import loop
from alexnet.training.gpu.memory import enough_memory
from alexnet.training.job import Job
from alexnet.training.step import loss_of

FEW = 32  # pictures that tell a processor's speed


def measured_rate(job: Job) -> float:
    """Training speed in pictures a second, from two passes that change nothing; warms up too.

    AlexNetError where the GPU's memory is too small for a turn.
    """
    rows, where = job.placement.rows, job.device.where
    few = -(-len(rows) // job.turns) if job.device.gpu else FEW
    views, labels = job.batches.of_rows(rows[:few]).make(0)
    views, labels = views.to(where), labels.to(where)
    job.network.train()
    job.optimizer.freeze(loop.current_rates(job))  # what stands still costs less
    seconds = 1.0
    for _ in range(2):
        started = time.monotonic()
        with enough_memory(job):
            loss = loss_of(job, job.placement.forward(views), labels)
            if loss.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
        job.optimizer.drop_gradients()
        synchronize(where)
        seconds = time.monotonic() - started
    return len(labels) * job.placement.streams / seconds


def expected(plan: Mapping[str, Any], rate: float) -> dict[str, float]:
    """Steps and epochs that the time given will allow at a speed in pictures a second."""
    pictures = plan["budget_seconds"] * rate
    batch = plan["recipe"]["batch"]["value"]
    return {
        "steps": max(1, round(pictures / batch)),
        "epochs": round(pictures / plan["data"]["train"], 2),
    }


def give(plan: dict[str, Any], budget: float | None) -> None:
    """Another time for a run that had one; so many more or fewer steps are expected."""
    if budget and budget != plan["budget_seconds"]:
        longer = budget / plan["budget_seconds"]
        plan["steps"] = max(1, round(plan["steps"] * longer))
        plan["epochs"] = round(plan["epochs"] * longer, 2)
        plan["budget_seconds"] = budget
