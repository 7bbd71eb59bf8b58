"""``benchmark``: training steps and matrix products in turn, for about a minute."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from alexnet import machine
from alexnet.benchmarking import memory
from alexnet.benchmarking.load import Load
from alexnet.benchmarking.outcome import Benchmark, rows_of
from alexnet.benchmarking.pictures import NOISE
from alexnet.benchmarking.product import Product
from alexnet.benchmarking.steps import Steps, Timed, Work
from alexnet.benchmarking.watch import Part
from alexnet.devices import device_of
from alexnet.errors import AlexNetError, UsageError
from alexnet.networks.tables import training_flop
from alexnet.progress import Progress

if TYPE_CHECKING:
    from alexnet.benchmarking.on_gpu import OnGpu

SECONDS = 45.0
LEAST = 3  # steps, even where they take longer than the time given
ROUNDS = 12  # turns of steps and products in the time given; more where steps are long


def benchmark(
    data: Path | str | None = None,
    *,
    net: str = "alexnet",
    recipe: str = "auto",
    batch: int | None = None,
    classes: int | None = None,
    precision: str = "float32",
    threads: int | None = None,
    seconds: float = SECONDS,
    device: str | None = None,
    quiet: bool = False,
) -> Benchmark:
    """Train on a prepared set, or on noise, for ``seconds``, and say how fast that is.

    Nothing is written and nothing is learnt. ``classes`` are the network's outputs, by default
    those of the set, or of the original; ``device`` is as in ``devices.device_of``. UsageError for
    a wrong call, AlexNetError where memory is too short, with a batch that would fit.
    """
    if threads is not None and threads < 1:
        raise UsageError(f"{threads} threads were asked for; at least 1 is needed.")
    load, where = Load(), device_of(device)
    settings = {"precision": precision} | ({} if batch is None else {"batch": batch})
    work = Work(data, net, recipe, classes, settings)
    if not where.gpu:
        memory.check(work.layers, work.crop, work.batch)
    machine.use(threads)
    with _short_memory(work), closing(Steps(work, where)) as steps:
        peaks, side = _in_turn(steps, seconds, quiet)
        found = _found_of_gpu(steps, peaks)
        outcome = _outcome(work, steps, peaks, side, load)
        return _with_gpu(outcome, work, *found) if found else outcome


def _in_turn(steps: Steps, seconds: float, quiet: bool) -> tuple[list[float], int]:
    """Rounds of steps with a product before and after each; the products' rates, their side."""
    progress = Progress("benchmark", round(seconds), "seconds", quiet=quiet)
    progress.update(0)
    product = Product(steps.job.network.precision, None, steps.device.where)
    steps.one()
    steps.forget()
    peaks, began = [product.rate()], time.monotonic()
    with closing(progress):
        while _goes_on(steps, time.monotonic() - began, seconds):
            _round(steps, seconds / ROUNDS)
            peaks.append(product.rate())
            rate = steps.work.batch / steps.done[-1].seconds
            done = min(time.monotonic() - began, seconds)
            progress.update(round(done), f"{rate:.1f} images/s")
    return peaks, product.side


def _found_of_gpu(steps: Steps, peaks: list[float]) -> tuple[OnGpu, list[Timed]] | None:
    """What only a GPU has, and steps in their parts; None: the processor trained."""
    if not steps.device.gpu:
        return None
    from alexnet.benchmarking.on_gpu import on_gpu, parts_apart  # with Triton

    return on_gpu(steps, statistics.median(peaks)), parts_apart(steps)


def _goes_on(steps: Steps, passed: float, seconds: float) -> bool:
    return passed < seconds or len(steps.done) < LEAST


def _round(steps: Steps, seconds: float) -> None:
    """Steps for so long, at least one."""
    left = seconds
    while left > 0:
        left -= steps.one().seconds


@contextmanager
def _short_memory(work: Work) -> Iterator[None]:
    """Where memory is refused after all, a sentence with a batch that would fit."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        refused = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not refused and "allocate memory" not in str(error):
            raise
        raise AlexNetError(
            f"There was no memory for a step of {work.batch:,} pictures; try "
            f"--batch {max(1, work.batch // 2)}."
        ) from error


def parts_of(done: Sequence[Timed]) -> dict[Part, float]:
    """Mean seconds of each part in the faster half of the steps, which were disturbed least."""
    quick = sorted(done, key=lambda step: step.seconds)[: (len(done) + 1) // 2]
    parts = dict.fromkeys(part for step in quick for part in step.parts)
    return {part: sum(step.parts.get(part, 0.0) for step in quick) / len(quick) for part in parts}


def _outcome(work: Work, steps: Steps, peaks: list[float], side: int, load: Load) -> Benchmark:
    shape = (3, work.crop, work.crop)
    return Benchmark(
        network=work.net,
        classes=len(work.images.classes),
        pictures=str(work.images.folder) if work.real else NOISE,
        recipe=work.resolved.name,
        batch=work.batch,
        precision=work.resolved.recipe.precision,
        threads=torch.get_num_threads(),
        kernels=steps.device.kernels,
        gflop_per_image=training_flop(work.layers, shape) / 1e9,
        seconds=tuple(step.seconds for step in steps.done),
        waited=sum(step.waited for step in steps.done),
        peaks=tuple(peaks),
        side=side,
        rows=rows_of(work.layers, work.crop, work.batch, parts_of(steps.done)),
        epochs=work.resolved.recipe.epochs,
        train=work.train,
        passes=work.passes,
        load=load.at_start,
        others=load.others(),
        memory_gb=memory.peak_gb(),
        machine=machine.describe(),
        versions=machine.versions(),
        device=steps.device.name,
    )


def _with_gpu(outcome: Benchmark, work: Work, found: OnGpu, apart: list[Timed]) -> Benchmark:
    """With the layers timed one by one, their floors, and what was found of the GPU."""
    rows = rows_of(work.layers, work.crop, work.batch, parts_of(apart), found.floors, "views")
    return replace(
        outcome, rows=rows, gpu=found.described, bandwidth=found.bandwidth,
        gpu_memory_gb=found.memory_gb, gpu_reserved_gb=found.reserved_gb,
    )  # fmt: skip
