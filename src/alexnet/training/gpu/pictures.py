"""Where the training pictures are while a GPU trains: all of them on it, or copied batch by batch.

Either way they are uint8 until a kernel cuts them.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet.data.pictures import Stack
from alexnet.kernels.chroma import picture_bytes
from alexnet.progress import Progress
from alexnet.training.gpu.fence import Fence
from alexnet.training.gpu.halving import encode
from alexnet.training.gpu.memory import MARGIN

AT_ONCE = 512  # pictures that travel together when a set is loaded
CHUNK = 16  # of them are read by a thread at a time


class Source(Protocol):
    """Pictures on the device: ``tensor``, uint8 (M, ...), and where in it those of a batch are."""

    tensor: Tensor

    def rows(self, slot: int, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the pictures wanted, which will be there when ``wait`` returns."""

    def wait(self, slot: int) -> None:
        """Until the pictures of a slot are there."""

    def close(self) -> None:
        """No more pictures are wanted."""


class Resident:
    """All pictures lie on the device, in the order of the part."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def rows(self, slot: int, wanted: NDArray[np.int64]) -> NDArray[np.int64]:  # noqa: ARG002
        """The pictures' own numbers."""
        return wanted

    def wait(self, slot: int) -> None:
        """They are there."""

    def close(self) -> None:
        """Nothing is to be stopped."""


class Streamed:
    """The pictures of a few batches; threads read them into pinned memory, and they are copied
    while the step before is computed.
    """

    def __init__(
        self, pictures: Stack, slots: int, batch: int, halved: bool, where: torch.device,
        readers: int,
    ) -> None:  # fmt: skip
        self.pictures, self.batch, self.where = pictures, batch, where
        shape = tuple(pictures.shape[1:])
        cuda = where.type == "cuda"
        self.pinned = torch.empty((slots, batch, *shape), dtype=torch.uint8, pin_memory=cuda)
        coded = _shape(pictures, halved)
        self.halved = halved
        self.tensor = torch.empty((slots * batch, *coded), dtype=torch.uint8, device=where)
        self.there = [Fence(where) for _ in range(slots)]
        self.stream = torch.cuda.Stream(where) if cuda else None  # type: ignore[no-untyped-call]
        self.pool = ThreadPoolExecutor(readers, "reading")

    def rows(self, slot: int, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """Read them, ask for the copy, and say where they will be."""
        into, first = self.pinned[slot][: len(wanted)], slot * self.batch
        read(self.pictures, wanted, into.numpy(), self.pool)
        with torch.cuda.stream(self.stream):
            moved = into.to(self.where, non_blocking=True)
            self.tensor[first : first + len(wanted)] = encode(moved) if self.halved else moved
            self.there[slot].set()
        return np.arange(first, first + len(wanted))

    def wait(self, slot: int) -> None:
        """Until they are copied."""
        self.there[slot].wait()

    def close(self) -> None:
        """Stop the threads that read, and let what is under way arrive while its place is there."""
        self.pool.shutdown(cancel_futures=True)
        for fence in self.there:
            fence.wait()


def load(pictures: Stack, halved: bool, where: torch.device, readers: int, quiet: bool) -> Resident:
    """All pictures onto the device, with the time it takes on a progress line."""
    count = len(pictures)
    tensor = torch.empty((count, *_shape(pictures, halved)), dtype=torch.uint8, device=where)
    pinned = torch.empty(
        (2, AT_ONCE, *pictures.shape[1:]), dtype=torch.uint8, pin_memory=where.type == "cuda"
    )
    copied = [Fence(where), Fence(where)]
    progress = Progress("to the GPU", count, "pictures", quiet=quiet)
    with ThreadPoolExecutor(readers, "reading") as pool:
        for number, first in enumerate(range(0, count, AT_ONCE)):
            wanted = np.arange(first, min(first + AT_ONCE, count))
            slot = number % 2
            copied[slot].wait()
            into = pinned[slot][: len(wanted)]
            read(pictures, wanted, into.numpy(), pool)
            moved = into.to(where, non_blocking=True)
            tensor[first : first + len(wanted)] = encode(moved) if halved else moved
            copied[slot].set()
            progress.update(first + len(wanted))
    progress.close()
    return Resident(tensor)


def bytes_of(pictures: Stack, halved: bool) -> int:
    """What all of them take on the device."""
    return len(pictures) * math.prod(_shape(pictures, halved))


def fits(pictures: Stack, halved: bool, free: float) -> bool:
    """Whether all of them fit into so many free bytes."""
    return bytes_of(pictures, halved) <= MARGIN * free


def _shape(pictures: Stack, halved: bool) -> tuple[int, ...]:
    """Of one picture on the device."""
    side = int(pictures.shape[1])
    return (picture_bytes(side),) if halved else (side, side, 3)


def read(
    pictures: Stack, wanted: NDArray[np.int64], into: NDArray[np.uint8], pool: ThreadPoolExecutor
) -> None:  # fmt: skip
    """Read the pictures wanted into memory, by as many threads as the pool has."""

    def some(first: int) -> None:
        here = slice(first, first + CHUNK)
        into[here] = pictures[wanted[here]]

    list(pool.map(some, range(0, len(wanted), CHUNK)))
