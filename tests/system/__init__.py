"""Tests of the whole, and the small things they share: narrow networks, small sets, short runs."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from alexnet.data.prepare import prepare
from alexnet.networks import zoo
from alexnet.networks.layers import Layers
from alexnet.networks.lists import krizhevsky
from alexnet.networks.variants import with_width
from alexnet.run import Run
from alexnet.training import loop, session, source
from alexnet.training.job import Job, assemble, begin
from alexnet.training.plan import make_plan
from alexnet.training.recipe import resolve, with_origins
from tests.data.trees import photos, write_tree
from tests.training.sets import noise_set

CLASSES = "abc"


def narrow(classes: int = len(CLASSES)) -> Layers:
    """The network `alexnet` with an eighth of its kernels and units."""
    return with_width(krizhevsky.alexnet(classes), 1 / 8)


def narrow_by_name(patched: pytest.MonkeyPatch) -> None:
    """The name `alexnet` stands for the narrow network."""
    named = replace(zoo.NETWORKS["alexnet"], layers_of=narrow)
    patched.setitem(zoo.NETWORKS, "alexnet", named)


def small_photos(folder: Path, each: int = 10) -> Path:
    """Three class folders of small photos."""
    return write_tree(folder, photos(f"{name}/{n}.png" for name in CLASSES for n in range(each)))


def small_set(folder: Path, each: int = 10, size: int = 64, **options: Any) -> Path:
    """A prepared set of three classes: with ten photos each, 27 to train and 3 to validate."""
    place = folder.with_name(f"{folder.name}-photos")
    prepare(small_photos(place, each), folder, size=size, workers=1, **options)
    return folder


def small_prepares(patched: pytest.MonkeyPatch) -> None:
    """Photos are prepared at 64 pixels in place of 256."""

    def prepared(*given: Any, size: int, **named: Any) -> Any:
        return prepare(*given, size={256: 64}.get(size, size), workers=1, **named)

    patched.setattr(source, "prepare", prepared)


def short_run(data: Path, run: Path, said: list[str] | None = None, **options: Any) -> Run:
    """A run of two epochs, nine steps, with the narrow network, if not told otherwise."""
    settings = {"epochs": 2, "batch": 6, **options.pop("settings", {})}
    options = {"layers": narrow(), "threads": 1, "quiet": True, **options}
    say = (said if said is not None else []).append
    done = session.train(data, run, settings=settings, say=say, **options)
    assert done is not None
    return done


def job_of(
    folder: Path,
    train: int = 10,
    val: int = 4,
    say: Callable[[str], None] = lambda _: None,
    budget: float | None = None,
    **settings: Any,
) -> Job:
    """The job of a narrow network on noise, at its first step."""
    torch.set_num_threads(1)
    images = noise_set(train=train, val=val, size=64)
    given = {"warmup": 0, "init": "run", **settings}
    chosen = resolve("fast", train, with_origins(given), size=64)
    plan = make_plan(images, "alexnet", narrow(), chosen, threads=1, budget=budget)
    job = assemble(folder, plan, chosen.recipe, images, narrow(), workers=0, say=say, quiet=True)
    begin(job)
    return job


def save_at_every_step(patched: pytest.MonkeyPatch) -> None:
    """A checkpoint after each step."""
    patched.setattr(loop, "CHECKPOINT_EVERY", 0.0)
    patched.setattr(loop, "SAVING_SHARE", 1e9)


def stop_after(patched: pytest.MonkeyPatch, steps: int, number: int) -> None:
    """That signal comes in the middle of the step of that number, counted from 1."""
    step, left = loop.one_step, iter(range(1, 10**9))

    def instead(*args: Any) -> str:
        line = step(*args)
        if next(left) == steps:
            signal.raise_signal(signal.Signals(number))
        return line

    patched.setattr(loop, "one_step", instead)
