"""Training steps on a GPU, end to end: from the numbers of a batch to new weights.

Variants that are compared are all there at once and work in turn, half a second each, so that a
clock that falls or rises is the same for all.
"""

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from typing import Any
from unittest import mock

import torch
from gpu_exact import Found
from gpu_kernels import spread
from torch import Tensor

from alexnet.benchmarking.steps import Steps, Timed, Work
from alexnet.devices import Device
from alexnet.networks.layers import Dropout
from alexnet.networks.tables import training_flop
from alexnet.training.gpu import engine, taking
from alexnet.training.gpu.masks import masks
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.job import Job
from alexnet.training.step import both_ways

NET, CLASSES = "alexnet", 1000
BATCHES = (128, 256, 512, 1024, 2048)
PRECISIONS = ("bf16", "float32")
ROUNDS = 8  # stretches of each variant


def steps_of(device: Device, data: str | None, batch: int, net: str = NET, **more: Any) -> Steps:
    """Steps as ``alexnet train`` takes them; ``more`` are settings of the recipe."""
    settings = {"batch": batch, "precision": "bf16", **more}
    return Steps(Work(data, net, "paper", CLASSES if net == NET else None, settings), device)


def measured(steps: Steps, rounds: int) -> list[Timed]:
    """So many stretches of steps, warmed up."""
    for _ in range(2):  # the second is as long as the others
        steps.one()
    steps.forget()
    return [steps.one() for _ in range(rounds)]


def told(done: Sequence[Timed], batch: int, flop: float, peak: float | None) -> Found:
    """Images a second of stretches, and their share of ``peak``, GFLOP/s."""
    rates = spread([batch / one.seconds for one in done])
    share = None if peak is None else flop * rates["median"] / 1e9 / peak
    waited = sum(one.waited * one.steps for one in done)
    return {
        "batch": batch, "images_per_second": rates, "share_of_peak": share,
        "steps": sum(one.steps for one in done),
        "waiting_share": waited / sum(one.seconds * one.steps for one in done),
    }  # fmt: skip


def flop_of(steps: Steps) -> float:
    """Operations of one picture."""
    return training_flop(steps.work.layers, (3, steps.work.crop, steps.work.crop))


def sweep(
    device: Device,
    peaks: dict[str, float],
    batches: Sequence[int] = BATCHES,
    precisions: Sequence[str] = PRECISIONS,
    rounds: int = ROUNDS,
    net: str = NET,
    **more: Any,
) -> Iterator[Found]:
    """Every batch in both precisions, from noise that lies on the device; ``peaks`` in GFLOP/s."""
    for precision in precisions:
        for batch in batches:
            settings = {"precision": precision, **more}
            yield _alone(device, peaks.get(precision), batch, rounds, net, settings)


def _alone(
    device: Device, peak: float | None, batch: int, rounds: int, net: str, settings: dict[str, Any]
) -> Found:
    """One row of the sweep, with nothing else on the device."""
    clean(device)
    with closing(steps_of(device, None, batch, net, **settings)) as steps:
        found = told(measured(steps, rounds), batch, flop_of(steps), peak)
    return {"precision": settings["precision"], **found, **_memory(device)}


def clean(device: Device) -> None:
    """Give memory back that nothing uses, and begin anew to watch for the most."""
    gc.collect()  # a job and its engine hold each other
    if device.where.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _memory(device: Device) -> Found:
    if device.where.type != "cuda":
        return {}
    return {"memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2)}


def in_turn(
    variants: dict[str, Callable[[], Steps]],
    rounds: int = ROUNDS,
    around: Callable[[str], Any] = lambda _: nullcontext(),
) -> dict[str, Found]:
    """Variants of one batch in turn; ``around`` gives what must hold while one works.

    The first named is what the others are compared with, round by round.
    """
    with ExitStack() as stack:
        sides: dict[str, Steps] = {}
        for name, made in variants.items():
            with around(name):
                sides[name] = stack.enter_context(closing(made()))
                measured(sides[name], 0)
        for _ in range(rounds):
            for name, steps in sides.items():
                with around(name):
                    steps.one()
        first = next(iter(sides.values()))
        return {
            name: {
                **told(steps.done, steps.work.batch, flop_of(steps), None),
                "ratio": spread([
                    a.seconds / b.seconds for a, b in zip(first.done, steps.done, strict=True)
                ]),
            }
            for name, steps in sides.items()
        }  # fmt: skip


def launched(
    device: Device, batch: int, rounds: int = ROUNDS, net: str = NET, **more: Any
) -> dict[str, Found]:
    """One captured launch a step against a launch for each kernel."""

    def around(name: str) -> Any:
        often = math.inf if name == "kernel by kernel" else engine.EAGER
        return mock.patch.object(engine, "EAGER", often)

    def made() -> Steps:
        return steps_of(device, None, batch, net, **more)

    return in_turn({"captured": made, "kernel by kernel": made}, rounds, around)


def feeds(
    device: Device, data: str, batch: int, net: str = NET, **more: Any
) -> dict[str, Callable[[], Steps]]:
    """Steps from noise on the device, and from a set there, in YUV 4:2:0, or copied by batches."""

    def made(source: str | None, chroma: str) -> Callable[[], Steps]:
        return lambda: steps_of(device, source, batch, net, chroma=chroma, **more)

    return {
        "noise, on the device": made(None, "full"),
        "set, on the device": made(data, "full"),
        "set, on the device, YUV 4:2:0": made(data, "420"),
        "set, copied batch by batch": made(data, "full"),
        "set, copied batch by batch, YUV 4:2:0": made(data, "420"),
    }


def fed(variants: dict[str, Callable[[], Steps]], rounds: int = ROUNDS) -> dict[str, Found]:
    """``feeds`` in turn."""

    def around(name: str) -> Any:
        if "copied" in name:
            return mock.patch.object(taking, "fits", return_value=False)
        return nullcontext()

    return in_turn(variants, rounds, around)


def compiled(
    device: Device, batch: int, rounds: int = ROUNDS, net: str = NET, **more: Any
) -> dict[str, Found]:
    """Our network as it is, and put through torch.compile; both captured."""

    def plain() -> Steps:
        return steps_of(device, None, batch, net, **more)

    def through() -> Steps:
        steps = plain()
        _compile(steps.job)
        return steps

    return in_turn({"ours": plain, "ours, through torch.compile": through}, rounds)


def _compile(job: Job) -> None:
    """Compile the network; masks are made before it, as torch cannot trace how they are keyed."""
    network, whole, optimizer = job.network, job.engine, job.optimizer
    assert isinstance(whole, engine.GpuEngine)
    assert isinstance(optimizer, GpuMomentum)
    numbers, out = whole.views.numbers, whole.views.out
    drawn = masks(job.recipe.seed, numbers["step"][0])
    dropping = [layer for layer in network.layers if isinstance(layer, Dropout)]
    held = {
        layer.name: out.new_empty((len(out), *network.rows[layer.name].input)) for layer in dropping
    }
    network.forward = torch.compile(network.forward)  # type: ignore[method-assign]

    def kept(layer: str, _x: Tensor, _rate: float) -> Tensor:
        return held[layer]

    def step(job: Job) -> None:
        for layer in dropping:
            held[layer.name].copy_(drawn(layer.name, held[layer.name], layer.rate))
        views = whole.views.make()
        whole.pictures, sums = both_ways(job, views, numbers["labels"], lambda _: kept)
        optimizer.apply(numbers["rates"])
        whole.results.put(sums)

    whole.whole = step  # type: ignore[method-assign]
