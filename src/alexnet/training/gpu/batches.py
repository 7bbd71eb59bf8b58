"""Batches for a GPU: the numbers from which a kernel there cuts the views, made ahead of time.

The same pictures in the same order with the same crops, mirrors and colours as on a CPU.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from alexnet.data.store import ImageSet
from alexnet.preprocessing import Preprocessing
from alexnet.training.batches import Batch, Batches
from alexnet.training.gpu.fence import Fence
from alexnet.training.gpu.numbers import Numbers, Shape
from alexnet.training.gpu.pictures import Source
from alexnet.training.recipe import Recipe
from alexnet.views.many import Drawn, colour_shifts, draw_many

SLOTS = 4  # batches whose numbers are on their way: in use, waiting, and in the making


@dataclass(frozen=True)
class Slot:
    """Memory for a batch's numbers; it is free again behind ``used``."""

    place: int
    numbers: Numbers
    used: Fence


@dataclass(frozen=True)
class GpuBatch(Batch):
    """The numbers of a batch; ``views`` are made from them on the device."""

    slot: Slot
    source: Source


class GpuBatches(Batches):
    """``Batches`` whose pictures lie on the device, see ``pictures.Source``.

    ``open_source`` says where they are, given the number of slots; it is called when they are
    needed, as loading a set takes a while. ``groups`` are those of the optimizer.
    """

    def __init__(
        self, images: ImageSet, mean: NDArray[np.float32], recipe: Recipe, way: Preprocessing,
        rows: range, where: torch.device, groups: int, open_source: Callable[[int], Source],
    ) -> None:  # fmt: skip
        super().__init__(images, mean, recipe, way, rows)
        self.where, self.groups, self.open_source = where, groups, open_source

    @property
    def shape(self) -> Shape:
        """How many numbers a batch has."""
        return Shape(len(self.rows), self.groups, self.ways.area < 1)

    def run(self, step: int, workers: int = 1) -> Generator[Batch, None, None]:  # noqa: ARG002
        """Batches from a step on, without end, made by one thread ahead of time."""
        source = self.open_source(SLOTS)
        slots = [self._slot(place) for place in range(SLOTS)]
        with closing(source), ThreadPoolExecutor(1, "numbers") as pool, _cancelling() as waiting:
            while True:
                while len(waiting) < SLOTS - 1:
                    slot = slots[step % SLOTS]
                    waiting.append(pool.submit(self._fill, slot, source, step))
                    step += 1
                started = time.monotonic()
                slot = waiting.popleft().result()
                source.wait(slot.place)
                nothing = torch.empty(0)
                waited = time.monotonic() - started
                yield GpuBatch(nothing, slot.numbers["labels"], waited, slot, source)

    def _slot(self, place: int) -> Slot:
        pinned = self.where.type == "cuda"
        return Slot(place, Numbers(self.shape, torch.device("cpu"), pinned), Fence(self.where))

    def _fill(self, slot: Slot, source: Source, step: int) -> Slot:
        slot.used.wait()
        epochs, pictures, places = self.stream(step)
        drawn = draw_many(
            self.recipe.seed, epochs, pictures, self.way.size, self.way.crop, self.ways, places
        )
        self._write(slot.numbers, drawn, epochs)
        put(slot.numbers, "step", np.array([step]))
        put(slot.numbers, "labels", self.part.labels[pictures])
        put(slot.numbers, "rows", source.rows(slot.place, pictures))
        return slot

    def _write(self, numbers: Numbers, drawn: Drawn, epochs: NDArray[np.int64]) -> None:
        """Boxes and colours."""
        images, ways = self.images, self.ways
        shifts = colour_shifts(drawn, images.eigenvalues, images.axes, ways.colour_unit)
        known = {epoch: ways.divisor(epoch) for epoch in set(epochs.tolist())}
        divisors = [known[epoch] for epoch in epochs.tolist()]
        put(numbers, "shifts", np.column_stack([shifts, np.array(divisors, np.float32)]))
        corners = np.column_stack([drawn.top, drawn.left])
        if numbers.shape.scaled:  # and then cut out whole
            windows = (drawn.left, drawn.top, drawn.width, drawn.height)
            put(numbers, "windows", np.column_stack(windows))
            corners = np.zeros_like(corners)
        put(numbers, "boxes", np.column_stack([corners, drawn.mirrored]))


def put(numbers: Numbers, name: str, values: NDArray[np.generic]) -> None:
    """Write an array over one of the numbers' tensors."""
    numbers[name].numpy()[...] = values


@contextmanager
def _cancelling() -> Iterator[deque[Future[Slot]]]:
    waiting: deque[Future[Slot]] = deque()
    try:
        yield waiting
    finally:
        for future in waiting:
            future.cancel()
