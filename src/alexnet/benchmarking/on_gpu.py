"""What only a GPU's benchmark has: what copies reach, its memory, and layers timed one by one.

A captured step is one launch, with nothing in it to be told apart. So the same step is taken again
kernel by kernel, with moments of the GPU's own clock between the layers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from alexnet.benchmarking.floors import Limits, floors
from alexnet.benchmarking.product import bandwidth
from alexnet.benchmarking.steps import Steps, Timed
from alexnet.benchmarking.watch import (
    BACKWARD,
    DATA,
    UPDATE,
    Clock,
    EventClock,
    Part,
    WatchedNetwork,
)
from alexnet.devices import Device, described
from alexnet.training import loop
from alexnet.training.gpu import taking
from alexnet.training.gpu.engine import GpuEngine
from alexnet.training.gpu.masks import masks
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.step import loss_of

WARM, READINGS = 3, 10  # steps


@dataclass(frozen=True)
class OnGpu:
    """The GPU, the bytes a second that it copies, its memory in GB, the floors of a step."""

    described: Mapping[str, Any]
    bandwidth: float
    memory_gb: float | None
    reserved_gb: float | None
    floors: Mapping[Part, float]


def on_gpu(steps: Steps, peak: float) -> OnGpu:
    """What is known after the steps; ``peak``: GFLOP/s of large products."""
    where, work = steps.device.where, steps.work
    memory, reserved = _gigabytes(where)  # before the copy, which takes much
    copies = bandwidth(where)
    least = floors(
        work.layers, work.crop, work.batch, work.resolved.recipe.precision,
        Limits(1e9 * peak, copies),
    )  # fmt: skip
    return OnGpu(described(steps.device), copies, memory, reserved, least)


def _gigabytes(where: torch.device) -> tuple[float | None, float | None]:
    """The most that tensors took, and the most that was kept for them."""
    if where.type != "cuda":
        return None, None
    most = torch.cuda.max_memory_allocated(where), torch.cuda.max_memory_reserved(where)
    return round(most[0] / 1e9, 3), round(most[1] / 1e9, 3)


class Apart:
    """Steps of the last batch again, kernel by kernel, on a network with the same weights."""

    def __init__(self, steps: Steps) -> None:
        assert isinstance(steps.job.engine, GpuEngine)
        self.job, self.views = steps.job, steps.job.engine.views
        self.clock = clock_of(steps.device)
        self.network = WatchedNetwork(steps.work.layers, steps.work.crop, self.clock)
        self.network.precision = self.job.network.precision
        taking.bring(self.network, steps.device, self.job.recipe.precision)
        self.network.load_state_dict(self.job.network.state_dict())
        self.network.make_copies()
        self.network.train()
        self.optimizer = GpuMomentum(self.network, self.job.recipe)
        rates = loop.current_rates(self.job)
        self.optimizer.freeze(rates)
        self.rates = torch.tensor(self.optimizer.numbers(rates), device=steps.device.where)

    def one(self) -> Timed:
        """A step, in its parts."""
        self.clock.start()
        x = self.views.make()
        self.clock.add(DATA)
        numbers = self.views.numbers
        self.network.masks = masks(self.job.recipe.seed, numbers["step"][0])
        found = loss_of(self.job, self.network(x), numbers["labels"])
        found.backward()  # type: ignore[no-untyped-call]
        self.clock.add(next(iter(self.network.above)), BACKWARD)
        self.optimizer.apply(self.rates)
        self.clock.add(UPDATE)
        parts = self.clock.seconds
        return Timed(sum(parts.values()), 0.0, parts)


def clock_of(device: Device) -> Clock:
    """The GPU's own; of a processor where that takes the GPU's way."""
    return EventClock() if device.where.type == "cuda" else Clock()


def parts_apart(steps: Steps) -> list[Timed]:
    """Some steps in their parts, after some that are not counted."""
    apart = Apart(steps)
    return [apart.one() for _ in range(WARM + READINGS)][WARM:]
