"""A training step on a GPU, from numbers to new weights: run twice, then captured and replayed.

To launch some two hundred kernels one by one takes a processor about as long as a GPU needs for a
batch of 128; a CUDA graph launches them at once. What is captured may not read from the device, so
loss and errors of a step become known while the next one runs.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import torch

from alexnet.errors import AlexNetError
from alexnet.kernels.gpu.masks import masks
from alexnet.training.batches import Batch
from alexnet.training.gpu import memory
from alexnet.training.gpu.batches import GpuBatch
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.gpu.results import Results
from alexnet.training.gpu.views import Views
from alexnet.training.job import Job
from alexnet.training.optimizer import Rates
from alexnet.training.step import Found, HeldOut, both_ways, held_in

EAGER = 2  # steps before one is captured: kernels are compiled and chosen in them


class GpuEngine:
    """Takes steps with the numbers of batches; one process alone replays a captured step."""

    def __init__(self, where: torch.device, views: Views, held_out: HeldOut | None = None) -> None:
        self.where, self.views, self.held_out = where, views, held_out
        self.taken: dict[Hashable, int] = {}  # steps so far, by what moved in them
        self.graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self.results = Results(where)
        self.pictures = 0  # of a batch, whose logits are computed here
        if where.type == "cuda":
            # Not the default stream, which cannot be captured; nothing has to be waited for
            # between streams where all of a sitting is asked of one.
            torch.cuda.set_stream(torch.cuda.Stream(where))  # type: ignore[no-untyped-call]

    def step(self, job: Job, batch: Batch, rates: Rates) -> Found:
        """One update; what has become known meanwhile, which is of the steps before it.

        AlexNetError where the GPU's memory is too small, with a batch that would fit.
        """
        optimizer = job.optimizer
        assert isinstance(batch, GpuBatch)
        assert isinstance(optimizer, GpuMomentum)
        optimizer.freeze(rates)
        batch.slot.numbers["rates"].copy_(torch.tensor(optimizer.numbers(rates)))
        self.views.take(batch.slot.numbers, batch.source)
        with enough_memory(job):
            self._run(job, optimizer.standing(rates))
        batch.slot.used.set()
        return self.results.after(self.pictures)

    def settle(self) -> Found:
        """What all steps have found of which nothing was said yet; waits for them."""
        return self.results.all()

    def _run(self, job: Job, moves: Hashable) -> None:
        self.taken[moves] = self.taken.get(moves, 0) + 1
        if not capturable(job) or self.taken[moves] <= EAGER:
            self.whole(job)
            return
        if moves not in self.graphs:
            self.graphs[moves] = self._captured(job)
        self.graphs[moves].replay()

    def _captured(self, job: Job) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        pool = next(iter(self.graphs.values())).pool() if self.graphs else None
        with torch.cuda.graph(graph, pool=pool, stream=torch.cuda.current_stream()):
            self.whole(job)
        return graph

    def whole(self, job: Job) -> None:
        """Views, forward, back, update; nothing is read from the device."""
        numbers = self.views.numbers
        self.pictures, sums = both_ways(
            job, self.views.make(), numbers["labels"],
            lambda turn: masks(job.recipe.seed, numbers["step"][0], held_in(job, turn)),
        )  # fmt: skip
        assert isinstance(job.optimizer, GpuMomentum)
        job.optimizer.apply(numbers["rates"])
        self.results.put(sums)


def capturable(job: Job) -> bool:
    """Whether a step can be a CUDA graph: one process, on a GPU, whose update reads nothing."""
    alone, optimizer = job.placement.world.size == 1, job.optimizer
    return (
        job.device.where.type == "cuda"
        and alone
        and isinstance(optimizer, GpuMomentum)
        and optimizer.capturable
    )


@contextmanager
def enough_memory(job: Job) -> Iterator[None]:
    """Where the GPU refuses memory, a sentence with a batch that would fit."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        pictures = -(-len(job.placement.rows) // job.turns)
        itemsize, layers = job.network.precision.itemsize, job.model.layers
        free = memory.free_on(job.device.where)
        raise AlexNetError(
            memory.too_much(layers, job.recipe.crop, pictures, itemsize, free)
        ) from error
