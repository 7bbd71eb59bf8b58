"""What training takes of a GPU's memory, and what fits into what is left."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from alexnet.errors import AlexNetError
from alexnet.networks.build import steps
from alexnet.networks.layers import Layers
from alexnet.networks.tables import parameters, table

if TYPE_CHECKING:  # a job's speed is measured by a module that needs this one
    from alexnet.training.job import Job

LIBRARIES = 2.0e9  # bytes: the context, workspaces of the convolutions, what a captured step keeps
LARGEST = 3  # of these may be alive beside all outputs: two gradients and an unpooled one
MARGIN = 0.95  # of what is free; the allocator's blocks are seldom full


def needed(layers: Layers, crop: int, pictures: int, itemsize: int) -> float:
    """Bytes that a step takes, roughly; ``pictures`` go forward together, ``itemsize`` 4 or 2.

    Float32 weights and velocities, gradients and, in half precision, copies; each step of the
    network keeps its output for the way back.
    """
    shape = (3, crop, crop)
    rows = {row.layer.name: row for row in table(layers, shape)}
    outputs = [math.prod(rows[step[-1].name].output) for step in steps(layers)]
    picture = 2 * math.prod(shape) + sum(outputs) + LARGEST * max(outputs)
    copies = itemsize if itemsize < 4 else 0
    return (
        LIBRARIES
        + parameters(layers, shape) * (8 + itemsize + copies)
        + (pictures * picture * itemsize)
    )


def fitting(layers: Layers, crop: int, pictures: int, itemsize: int, free: float) -> int:
    """The largest power of two below ``pictures`` whose step takes no more than ``free``; 0: none.

    At most half of what was too much: that it was says that the estimate is too low.
    """
    for power in range(max(0, math.ceil(math.log2(pictures)) - 1), -1, -1):
        if needed(layers, crop, 2**power, itemsize) <= free:
            return int(2**power)
    return 0


def free_on(where: torch.device) -> float:
    """Bytes of the device's memory that are free, after torch gave back what it held unused.

    It does not give back what a captured step keeps for itself, which nothing else can use.
    """
    if where.type != "cuda":
        return math.inf
    torch.cuda.empty_cache()
    return float(torch.cuda.mem_get_info(where)[0])


def too_much(layers: Layers, crop: int, pictures: int, itemsize: int, free: float) -> str:
    """The sentence for a step that did not fit: what would."""
    need = needed(layers, crop, pictures, itemsize)
    text = (
        f"The GPU has too little memory for a step of {pictures:,} pictures, which takes about "
        f"{need / 1e9:.1f} GB; {free / 1e9:.1f} GB were there for it."
    )
    fits = fitting(layers, crop, pictures, itemsize, free)
    if not fits:
        return f"{text} Not even one picture would fit: close other programs, or take another GPU."
    turns = -(-pictures // fits)
    return f"{text} --batch {fits} would fit, or --turns {turns}, which keeps the batch."


def out_of_memory(error: RuntimeError) -> bool:
    """Whether memory was refused; in a capture, an error of the capture follows that one."""
    return any(isinstance(one, torch.OutOfMemoryError) for one in (error, error.__context__))


@contextmanager
def enough_memory(job: Job) -> Iterator[None]:
    """Where the GPU refuses memory, a sentence with a batch that would fit."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)  # which hold what was computed so far
        pictures = -(-len(job.placement.rows) // job.turns)
        itemsize, layers = job.network.precision.itemsize, job.model.layers
        free = free_on(job.device.where)
        raise AlexNetError(too_much(layers, job.recipe.crop, pictures, itemsize, free)) from error
