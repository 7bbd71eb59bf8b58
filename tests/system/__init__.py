"""Tests of the whole, and the small things they share: narrow networks, small sets, short runs."""

from pathlib import Path
from typing import Any

import pytest

from alexnet.data.prepare import prepare
from alexnet.networks import zoo
from alexnet.networks.layers import Layers
from alexnet.networks.variants import with_width
from alexnet.run import Run
from alexnet.training import loop, session
from tests.data.trees import photos, write_tree

CLASSES = "abc"


def narrow(classes: int = len(CLASSES)) -> Layers:
    """The network `alexnet` with an eighth of its kernels and units."""
    return with_width(zoo.alexnet(classes), 1 / 8)


def small_photos(folder: Path, each: int = 7) -> Path:
    """Three class folders of small photos."""
    return write_tree(folder, photos(f"{name}/{n}.png" for name in CLASSES for n in range(each)))


def small_set(folder: Path, each: int = 7, size: int = 64, **options: Any) -> Path:
    """A prepared set of three classes: with seven photos each, 18 to train and 3 to validate."""
    place = folder.with_name(f"{folder.name}-photos")
    prepare(small_photos(place, each), folder, size=size, workers=1, **options)
    return folder


def short_run(data: Path, run: Path, said: list[str] | None = None, **options: Any) -> Run:
    """A run of two epochs of five steps with the narrow network, if not told otherwise."""
    settings = {"epochs": 2, "batch": 4, **options.pop("settings", {})}
    options = {"layers": narrow(), "threads": 1, "quiet": True, **options}
    say = (said if said is not None else []).append
    done = session.train(data, run, settings=settings, say=say, **options)
    assert done is not None
    return done


def save_at_every_step(patched: pytest.MonkeyPatch) -> None:
    """A checkpoint after each step."""
    patched.setattr(loop, "CHECKPOINT_EVERY", 0.0)
    patched.setattr(loop, "SAVING_SHARE", 1e9)


def stop_after(patched: pytest.MonkeyPatch, steps: int, number: int) -> None:
    """That signal comes in the middle of the step of that number, counted from 1."""
    import signal

    step, left = loop.one_step, iter(range(1, 10**9))

    def instead(*args: Any) -> str:
        line = step(*args)
        if next(left) == steps:
            signal.raise_signal(signal.Signals(number))
        return line

    patched.setattr(loop, "one_step", instead)
