"""Training batches: which pictures in which order, cut and coloured, ready ahead of their step.

The pictures form one stream: epoch after epoch, each a permutation of its own. Step s takes the
``batch`` pictures from s * batch on, so every picture is seen once an epoch, no batch is short,
and the step is all that must be known to go on.
"""

import math
import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet.data.store import ImageSet
from alexnet.kernels.chroma import decode, encode
from alexnet.preprocessing import Preprocessing
from alexnet.randomness import generator
from alexnet.training.recipe import Recipe
from alexnet.views import Augmentation, Means, colour_shift, draw, training_view

AHEAD = 2  # batches made ready before they are needed


@lru_cache(maxsize=2)
def order(seed: int, epoch: int, count: int) -> NDArray[np.int32]:
    """The permutation of an epoch; of 15 million pictures 60 MB, half of what int64 would take."""
    return generator(seed, "order", epoch).permutation(np.arange(count, dtype=np.int32))


@dataclass(frozen=True)
class Batch:
    """Views (rows, 3, crop, crop) float32, labels (rows,) int64, and seconds waited for them."""

    views: Tensor
    labels: Tensor
    waited: float


class Batches:
    """The batches of a run from any step on; the same whatever the number of workers.

    ``rows`` are the places in each batch that this process sees; by default all.
    """

    def __init__(
        self, images: ImageSet, mean: NDArray[np.float32], recipe: Recipe, way: Preprocessing,
        rows: range | None = None,
    ) -> None:  # fmt: skip
        self.images, self.recipe, self.way = images, recipe, way
        self.means = Means.of(mean, way.crop)
        self.rows = range(recipe.batch) if rows is None else rows
        self.part = images.parts["train"]
        self.ways = Augmentation(
            recipe.mirror, recipe.colour_noise, recipe.area, recipe.colour_unit,
            recipe.noise_until or math.inf, recipe.noise_divides, recipe.block,
        )  # fmt: skip

    def of_rows(self, rows: range) -> "Batches":
        """The same with other rows of each batch."""
        found = copy(self)
        found.rows = rows
        return found

    def stretch(self, passes: float) -> None:
        """Say how many passes over the pictures stand for an epoch of the recipe."""
        until = self.recipe.noise_until * passes or math.inf
        self.ways = replace(self.ways, noise_until=until)

    def stream(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Epoch, picture and place in the stream of each of our places in the batch of a step."""
        count, first = len(self.part), step * self.recipe.batch
        places = np.arange(first + self.rows.start, first + self.rows.stop)
        epochs, pictures = places // count, np.empty_like(places)
        for epoch in np.unique(epochs).tolist():
            here = epochs == epoch
            pictures[here] = order(self.recipe.seed, epoch, count)[places[here] % count]
        return epochs, pictures, places

    def places(self, step: int) -> list[tuple[int, int]]:
        """(epoch, picture) of each place of ours in the batch of a step."""
        epochs, pictures, _ = self.stream(step)
        return list(zip(epochs.tolist(), pictures.tolist(), strict=True))

    def view(self, epoch: int, picture: int, place: int, out: NDArray[np.float32]) -> None:
        """Write the view of a picture in an epoch; ``place`` is its place in the stream."""
        way, ways = self.way, self.ways
        drawn = draw(self.recipe.seed, epoch, picture, way.size, way.crop, ways, place)
        shift = colour_shift(drawn, self.images.eigenvalues, self.images.axes, ways.colour_unit)
        pixels = self.part.pictures[picture]
        if self.recipe.chroma == "420":
            pixels = decode(encode(pixels[None]), self.way.size)[0]
        training_view(pixels, self.means, drawn, shift, way, out, ways.divisor(epoch))

    def room(self) -> NDArray[np.float32]:
        """Memory for the views of a batch."""
        return np.empty((len(self.rows), self.way.crop, self.way.crop, 3), np.float32)

    def make(self, step: int, views: NDArray[np.float32] | None = None) -> tuple[Tensor, Tensor]:
        """The batch of a step, in the memory given."""
        views = self.room() if views is None else views
        epochs, pictures, places = self.stream(step)
        each = zip(epochs.tolist(), pictures.tolist(), places.tolist(), views, strict=True)
        for epoch, picture, place, out in each:
            self.view(epoch, picture, place, out)
        labels = torch.from_numpy(self.part.labels[pictures])
        return torch.from_numpy(views).permute(0, 3, 1, 2), labels

    def run(self, step: int, workers: int = 1) -> Generator[Batch, None, None]:
        """Batches from a step on, without end, made by threads ahead of time (0: when asked)."""
        if workers == 0:
            while True:
                started = time.monotonic()
                views, labels = self.make(step)
                yield Batch(views, labels, time.monotonic() - started)
                step += 1
        with ThreadPoolExecutor(workers, "views") as pool:
            waiting: deque[Future[tuple[Tensor, Tensor]]] = deque()
            try:
                while True:
                    while len(waiting) < AHEAD + workers - 1:
                        # Here, not in the thread: glibc hands the last batch's memory out again
                        # only to the thread that got it, and new pages cost ten times the views.
                        waiting.append(pool.submit(self.make, step, self.room()))
                        step += 1
                    started = time.monotonic()
                    views, labels = waiting.popleft().result()
                    yield Batch(views, labels, time.monotonic() - started)
                    del views, labels  # so that the next batch gets their memory
            finally:
                for future in waiting:
                    future.cancel()
