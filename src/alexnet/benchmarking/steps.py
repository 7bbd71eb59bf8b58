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
    """A step: all of its seconds, those in which it waited for pictures, and those of its parts."""

    seconds: float
    waited: float
    parts: Mapping[Part, float]


class Steps:
    """Steps of training, one at a call; ``done`` are those since the last ``forget``."""

    def __init__(self, work: Work) -> None:
        self.work, self.clock = work, Clock()
        self.job = _job(work, self.clock)
        self.batches = self.job.batches.run(0, 1)
        self.done: list[Timed] = []

    def one(self) -> Timed:
        """A whole step, from asking for its pictures to the updated weights."""
        started = time.monotonic()
        self.clock.start()
        batch = next(self.batches)
        self.clock.add(DATA)
        loop.one_step(self.job, batch, started)
        self.clock.add(REST)
        self.done.append(Timed(time.monotonic() - started, batch.waited, self.clock.seconds))
        return self.done[-1]

    def forget(self) -> None:
        """Begin anew: what was done so far was to warm up."""
        self.done = []

    def close(self) -> None:
        """Stop the thread that makes pictures ready."""
        self.batches.close()


def _job(work: Work, clock: Clock) -> Job:
    """The job, with a network and an update that tell the clock."""
    recipe = replace(work.resolved.recipe, rate=RATE, schedule="constant", warmup=0)
    plan = make_plan(
        work.images, work.net, work.layers, work.resolved, threads=torch.get_num_threads(),
        budget=None,
    )  # fmt: skip
    job = assemble(
        NOWHERE, plan, recipe, work.images, work.layers, workers=1, say=lambda _: None, quiet=True
    )
    network = WatchedNetwork(work.layers, work.crop, clock)
    network.precision = job.network.precision
    job.model, job.placement = replace(job.model, network=network), Placement(network, recipe.batch)
    job.optimizer = WatchedMomentum(network, recipe)
    job.tally.warned = True  # noise is never learnt, and nobody need be told
    draw_weights(network, recipe.seed)
    network.train()
    return job
