"""A training step on a GPU, from numbers to new weights: run twice, then captured and replayed.

To launch some 150 kernels one by one takes a processor about as long as a GPU needs for a
batch of 128; a CUDA graph launches them at once. What is captured may not read from the device, so
loss and errors of a step become known while the next one runs.
"""

from collections.abc import Hashable

import torch

from alexnet.devices import first_line, synchronize
from alexnet.training.batches import Batch
from alexnet.training.gpu.batches import GpuBatch
from alexnet.training.gpu.masks import masks
from alexnet.training.gpu.memory import enough_memory, out_of_memory
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
        self.taken: dict[Hashable, int] = {}  # steps without a graph, by what they were of
        self.graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}  # one at a time
        self.capturing = True  # until it turns out that it cannot be
        self.results = Results(where)
        self.pictures = 0  # of a batch, whose logits are computed here
        if where.type == "cuda":
            self.before = torch.cuda.current_stream(where)
            # Not the default stream, which cannot be captured. What was asked of that is waited for
            # here; then nothing has to be, where all of a sitting is asked of one stream.
            synchronize(where)
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
            # A graph holds for what moves, and for pictures where they lay when it was captured.
            self._run(job, (optimizer.standing(rates), batch.source.tensor.data_ptr()))
        batch.slot.used.set()
        return self.results.after(self.pictures)

    def settle(self) -> Found:
        """What all steps have found of which nothing was said yet; waits for them."""
        return self.results.all()

    def close(self) -> None:
        """Wait for all steps, let go of the graph's memory, and put back the stream of before."""
        self.graphs.clear()
        if self.where.type == "cuda":
            synchronize(self.where)
            torch.cuda.set_stream(self.before)

    def _run(self, job: Job, what: Hashable) -> None:
        if what not in self.graphs:
            self.graphs.clear()  # each keeps the memory of a whole step, and one is what there is
            self.taken[what] = self.taken.get(what, 0) + 1
            wanted = self.capturing and capturable(job) and self.taken[what] > EAGER
            graph = self._captured(job) if wanted else None
            if graph is None:
                self.whole(job)
                return
            self.graphs[what] = graph
        self.graphs[what].replay()

    def _captured(self, job: Job) -> torch.cuda.CUDAGraph | None:
        """A step as a graph; None, said once, where that cannot be, at the price of speed alone."""
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            # "thread_local": the thread that makes batches may wait for events and take memory.
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self.whole(job)
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            self.capturing = False
            job.optimizer.drop_gradients()  # of a step that was recorded in part, and never ran
            job.say(
                f"A step could not be recorded as a CUDA graph ({first_line(error)}): its kernels "
                "are launched one by one, which takes longer where batches are small."
            )
            return None
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
