"""Training steps to be timed: a job as ``alexnet train`` makes it, with a clock inside."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from alexnet.benchmarking.pictures import IMAGENET, noise_set, set_at
from alexnet.benchmarking.watch import DATA, REST, Clock, Part, WatchedMomentum, WatchedNetwork
from alexnet.data.store import ImageSet
from alexnet.devices import CPU, Device
from alexnet.errors import UsageError
from alexnet.networks.layers import Layers
from alexnet.networks.zoo import named
from alexnet.parallel.placement import Placement
from alexnet.training import loop
from alexnet.training.choice import choose
from alexnet.training.job import Job, assemble
from alexnet.training.plan import make_plan
from alexnet.training.recipe import Resolved, with_origins
from alexnet.training.start import draw_weights

RATE = 1e-4  # of what is timed: a step costs the same at any rate, and none ends in infinity
NOWHERE = Path("benchmark")  # a job's folder; nothing is written
WARM = 4  # steps of the first stretch: some one by one, after which a GPU's step is captured
STRETCH = 0.5  # seconds of a stretch
MOST = 500  # steps of a stretch


class Work:
    """What is to be trained: network, recipe, pictures."""

    def __init__(
        self, data: Path | str | None, net: str, recipe: str, classes: int | None,
        settings: dict[str, Any],
    ) -> None:  # fmt: skip
        if classes is not None and classes < 1:
            raise UsageError(f"--classes is {classes}; a network has 1 output or more.")
        given, known = with_origins(settings), named(net)
        self.real = data is not None
        choice = choose(recipe, given, net=net)
        if data is not None:
            self.images: ImageSet = set_at(data, classes)
        else:
            # Noise stands for ImageNet, and so does the recipe.
            choice = choose(choice.resolved(IMAGENET).name, given, net=net)
            self.images = noise_set(known.preprocessing, classes or known.classes)
        self.net = net
        fitted: tuple[Layers, Resolved] = choice.fitted(self.images)
        self.layers, self.resolved = fitted

    @property
    def batch(self) -> int:
        """Pictures a step."""
        return self.resolved.recipe.batch

    @property
    def crop(self) -> int:
        """The side of what the network reads."""
        return self.resolved.recipe.crop

    @property
    def train(self) -> int:
        """Pictures of an epoch."""
        return len(self.images.parts["train"]) if self.real else IMAGENET

    @property
    def passes(self) -> float:
        """Pictures of the whole recipe; one that is only validated counts a third."""
        validated = len(self.images.parts["val"]) if "val" in self.images.parts else 0
        return self.resolved.recipe.epochs * (self.train + validated / 3)


@dataclass(frozen=True)
class Timed:
    """A step: all of its seconds, those in which it waited for pictures, and those of its parts.

    Or the mean of so many steps.
    """

    seconds: float
    waited: float
    parts: Mapping[Part, float]
    steps: int = 1


class Steps:
    """Steps of training, timed at each call; ``done`` are those since the last ``forget``.

    A GPU works behind the program that asks it, so there a stretch of steps is timed, to the end of
    the last, and counts as one of their mean.
    """

    def __init__(self, work: Work, device: Device = CPU) -> None:
        self.work, self.clock, self.device = work, Clock(), device
        self.job = _job(work, device)
        if not device.gpu:
            _watch(self.job, work, self.clock)
        _begin(self.job)
        self.batches = self.job.batches.run(0, 1)
        self.done: list[Timed] = []
        self.many = WARM  # steps of a stretch

    def one(self) -> Timed:
        """A whole step, from asking for its pictures to the updated weights."""
        self.done.append(self._stretch() if self.device.gpu else self._step())
        return self.done[-1]

    def _step(self) -> Timed:
        started = time.monotonic()
        self.clock.start()
        batch = next(self.batches)
        self.clock.add(DATA)
        loop.one_step(self.job, batch, started)
        self.clock.add(REST)
        return Timed(time.monotonic() - started, batch.waited, self.clock.seconds)

    def _stretch(self) -> Timed:
        waited, began, count = 0.0, time.monotonic(), self.many
        for _ in range(count):
            started = time.monotonic()
            batch = next(self.batches)
            loop.one_step(self.job, batch, started)
            waited += batch.waited
        loop.settle(self.job)
        seconds = time.monotonic() - began
        self.many = max(1, min(MOST, round(count * STRETCH / seconds)))
        return Timed(seconds / count, waited / count, {}, count)

    def forget(self) -> None:
        """Begin anew: what was done so far was to warm up."""
        self.done = []

    def close(self) -> None:
        """Stop the thread that makes pictures ready."""
        self.batches.close()


def _job(work: Work, device: Device) -> Job:
    """The job as ``alexnet train`` would have it."""
    recipe = replace(work.resolved.recipe, rate=RATE, schedule="constant", warmup=0)
    plan = make_plan(
        work.images, work.net, work.layers, work.resolved, threads=torch.get_num_threads(),
        budget=None, device=device,
    )  # fmt: skip
    job = assemble(
        NOWHERE, plan, recipe, work.images, work.layers, workers=1, say=lambda _: None, quiet=True,
        device=device,
    )  # fmt: skip
    job.tally.warned = True  # noise is never learnt, and nobody need be told
    return job


def _watch(job: Job, work: Work, clock: Clock) -> None:
    """Give the job a network and an update that tell the clock."""
    network = WatchedNetwork(work.layers, work.crop, clock)
    network.precision = job.network.precision
    job.model = replace(job.model, network=network)
    job.placement = Placement(network, job.recipe.batch)
    job.optimizer = WatchedMomentum(network, job.recipe)


def _begin(job: Job) -> None:
    draw_weights(job.network, job.recipe.seed)
    job.network.refresh_copies()
    job.network.train()
