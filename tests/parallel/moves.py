"""One run in several sittings, on any number of processes, and all that is seen of each."""

import hashlib
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from alexnet.errors import Interrupted, Told
from alexnet.training import loop, session
from alexnet.training.batches import Batch
from alexnet.training.job import Job
from tests.system import narrow, stop_after

STEPS = 7  # two epochs of 27 pictures, 8 a step; the first ends within step 4
SETTINGS = {"epochs": 2, "batch": 8, "warmup": 0}


class Move(NamedTuple):
    """A sitting: how it is spread, and up to which step."""

    mode: str
    until: int = STEPS


@dataclass
class Journey:
    """A run: steps on one device first, if any; then by several; one device does the rest."""

    moves: list[Move]
    alone: int = 0


# By number of processes. Where no step was made before, the processes begin the run.
JOURNEYS: dict[int, dict[str, Journey]] = {
    2: {
        "moved": Journey([Move("towers", 3), Move("replicas", 5), Move("hybrid", 6)], alone=1),
        "begun": Journey([Move("towers", 2), Move("towers")]),
    },
    3: {"begun": Journey([Move("replicas", 4), Move("replicas")])},
    4: {
        "moved": Journey([Move("hybrid", 4), Move("towers", 6)], alone=2),
        "begun": Journey([Move("hybrid", 3), Move("replicas", 5)]),
    },
}


@dataclass
class Seen:
    """What one process did in a sitting.

    ``views`` are digests, by step and row of the batch; ``wrote`` is what it changed on disk.
    """

    said: list[str] = field(default_factory=list)
    views: dict[str, dict[str, str]] = field(default_factory=dict)
    wrote: list[str] = field(default_factory=list)


def train(data: Path, run: Path, said: list[str], **options: Any) -> None:
    """Begin a run, or, by several processes, go on with it: the command is the same."""
    session.train(
        data, run, settings=SETTINGS, layers=narrow(), threads=1, quiet=True, say=said.append,
        **options,
    )  # fmt: skip


def resume(run: Path, said: list[str], **options: Any) -> None:
    """Go on with a run."""
    session.resume(run, threads=1, quiet=True, say=said.append, **options)


def sat(work: Callable[[list[str]], None], steps: int | None = None) -> Seen:
    """What this process did in a sitting, which it is asked to end after so many steps, if any."""
    seen = Seen()
    with pytest.MonkeyPatch.context() as patched:
        _note_views(patched, seen.views)
        if steps is not None:
            stop_after(patched, steps, signal.SIGTERM)
        with suppress(Interrupted, Told):
            work(seen.said)
    return seen


def sitting(data: Path, run: Path, name: str, mode: str) -> Callable[[list[str]], None]:
    """What several processes do: begin the run of that name, or go on with one."""
    told: dict[str, Any] = {"parallel": mode, "timeout": 30.0}
    if name == "begun":
        return partial(train, data, run, **told)
    return partial(resume, run, **told)


def _note_views(patched: pytest.MonkeyPatch, views: dict[str, dict[str, str]]) -> None:
    step = loop.one_step

    def noted(job: Job, batch: Batch, started: float) -> str:
        views[str(job.tally.step)] = {
            str(row): hashlib.sha256(view.numpy().tobytes() + bytes([int(label)])).hexdigest()
            for row, view, label in zip(job.placement.rows, batch.views, batch.labels, strict=True)
        }
        return step(job, batch, started)

    patched.setattr(loop, "one_step", noted)
