"""Decode all photos of a plan, each once, and know what became of it."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from alexnet.data.assembly import BATCH
from alexnet.data.blocks import PHOTOS, Outcome, Raw, block_path, read_outcomes
from alexnet.data.explain import number
from alexnet.data.filenames import shown
from alexnet.data.layout import Photo
from alexnet.data.plan import Plan
from alexnet.data.sources import Source, stream
from alexnet.data.talk import Talk
from alexnet.data.work import OUTCOMES
from alexnet.data.workers import Block, Order, make_blocks
from alexnet.errors import AlexNetError
from alexnet.files import read_json, write_bytes
from alexnet.progress import duration

BESIDE = 50_000_000  # bytes for tables and the mean image
SAMPLE = 1.0  # seconds after which the whole time is estimated


def outcomes_of(plan: Plan, part: Path, order: Order, workers: int, talk: Talk) -> list[Outcome]:
    """What became of each photo, in the order of the plan's blocks, which are made if need be."""
    told = part / OUTCOMES
    if told.exists():
        return [one if isinstance(one, str) else (one[0], one[1]) for one in read_json(told)]
    numbers = [n for n, _, _ in plan.blocks()]
    waiting = {n for n in numbers if not block_path(order.folder, n).exists()}
    _check_disk(plan, waiting, order, talk)
    _make(plan, waiting, order, workers, talk)
    outcomes = [one for n in numbers for one in read_outcomes(block_path(order.folder, n))]
    write_bytes(told, json.dumps(outcomes).encode())
    return outcomes


def _check_disk(plan: Plan, waiting: set[int], order: Order, talk: Talk) -> None:
    """Say how much disk the work needs; AlexNetError where there is less."""
    left = sum(len(photos) for n, _, photos in plan.blocks() if n in waiting)
    picture = 3 * order.size**2
    need = (left + min(plan.total, BATCH * PHOTOS)) * picture + BESIDE
    where = order.folder.parent
    free = shutil.disk_usage(where).free
    said = f"{_bytes(need)} of disk; {_bytes(free)} are free"
    if need > free:
        raise AlexNetError(
            f"{shown(str(where))}: the work needs {said}. Make room, choose a place on another "
            "disk, or a smaller --size."
        )
    talk.say(f"Needs {said}.")


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _make(plan: Plan, waiting: set[int], order: Order, workers: int, talk: Talk) -> None:
    done = plan.total - sum(len(photos) for n, _, photos in plan.blocks() if n in waiting)
    if done:
        talk.say(f"{number(done, 'photo')} of {plan.total:,} were done before.")
    workers = min(workers, len(waiting))
    # Counted from the first photos on: starting the workers would spoil the estimate.
    started, first, estimated = 0.0, 0, False
    with talk.progress("preparing", plan.total) as progress:
        progress.update(done)
        for begun in make_blocks(_blocks(plan, waiting), order, workers):
            done += begun
            if not started and begun:
                started, first = time.monotonic(), done
            seconds = time.monotonic() - started
            if not estimated and seconds > SAMPLE and done > first:
                whole = duration(seconds * (plan.total - first) / (done - first))
                progress.close()
                talk.say(f"Expected time: {whole} with {number(workers, 'worker')}.")
                estimated = True
            progress.update(done)


def _blocks(plan: Plan, waiting: set[int]) -> Iterator[Block]:
    """The blocks that are not there yet, with the paths or bytes of their photos."""
    for source in plan.sources:
        mine = [(n, photos) for n, s, photos in plan.blocks() if s is source and n in waiting]
        raws = stream(source, [photo.member for _, photos in mine for photo in photos])
        for block, photos in mine:
            yield Block(block, [_next(raws, source, photo) for photo in photos])


def _next(raws: Iterator[tuple[str, Raw]], source: Source, photo: Photo) -> Raw:
    name, raw = next(raws, ("", ""))
    if name != photo.member:
        raise AlexNetError(f"{shown(str(source.path))} was changed while it was read.")
    return raw
