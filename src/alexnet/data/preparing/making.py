"""Have all photos of a plan decoded, each once, block by block."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from alexnet.data.explain import number
from alexnet.data.filenames import shown
from alexnet.data.preparing.blocks import boundaries, is_made, most_photos
from alexnet.data.preparing.listing import stamp_of
from alexnet.data.preparing.plan import Plan
from alexnet.data.preparing.talk import Talk
from alexnet.data.preparing.workers import Block, Order, make_blocks
from alexnet.data.sources.entries import Entry
from alexnet.errors import AlexNetError, UsageError
from alexnet.progress import duration

BESIDE = 50_000_000  # bytes for the mean image and what is small
TABLES = 500  # bytes a photo for tables, in the set and while it is made
SAMPLE = 1.0  # seconds after which the whole time is estimated


@dataclass(frozen=True, slots=True)
class Span:
    """The photos of a block: the numbers from ``first`` up to ``end``, of one source."""

    number: int
    source: int
    first: int
    end: int
    photos: int


def cut(plan: Plan, size: int) -> list[Span]:
    """The plan's photos in blocks, for pictures of ``size`` pixels."""
    most, spans = most_photos(plan.total, size), list[Span]()
    for source, rows in groupby(plan.catalogue.sizes(), key=lambda row: row[1]):
        for first, end, photos in boundaries(((n, size) for n, _, size in rows), most):
            spans.append(Span(len(spans), source, first, end, photos))
    return spans


@dataclass(frozen=True)
class Share:
    """Which blocks one of several jobs makes: each ``of``-th, the first being ``number``."""

    number: int = 1
    of: int = 1

    def holds(self, span: Span) -> bool:
        """Whether a block is ours."""
        return span.number % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def share_of(text: str) -> Share:
    """The share that "2/8" means; UsageError where it means none."""
    number, _, of = text.partition("/")
    if not (number.isascii() and number.isdigit() and of.isascii() and of.isdigit()):
        raise UsageError(f"--job is {text!r}; it must be like 2/8, the second of eight.")
    if not 1 <= int(number) <= int(of):
        raise UsageError(f"--job is {text}; of {of} jobs the numbers are 1 to {of}.")
    return Share(int(number), int(of))


def make_all(
    plan: Plan, spans: Sequence[Span], order: Order, share: Share, workers: int, talk: Talk
) -> None:
    """Make the blocks of our share that are not there yet."""
    ours = [span for span in spans if share.holds(span)]
    waiting = [span for span in ours if not _is_made(span, order)]
    left = sum(span.photos for span in waiting)
    if not waiting:
        return
    _check_disk(left, order, talk)
    total = sum(span.photos for span in ours)
    done = total - left
    if done:
        talk.say(f"{number(done, 'photo')} of {total:,} were done before.")
    _make(plan, waiting, order, min(workers, len(waiting)), total, talk)
    for path, stamp in plan.stamps.items():
        if not path.exists() or stamp_of(path) != stamp:
            raise _changed(path)


def _is_made(span: Span, order: Order) -> bool:
    return is_made(order.folder, span.number, span.photos, order.square.size, order.key)


def _changed(path: Path) -> AlexNetError:
    return AlexNetError(f"{shown(str(path))} was changed while it was read.")


def _check_disk(left: int, order: Order, talk: Talk) -> None:
    """Say how much disk the work needs; AlexNetError where there is less."""
    need = left * (3 * order.square.size**2 + TABLES) + BESIDE
    free = shutil.disk_usage(order.folder).free
    said = f"{_bytes(need)} of disk; {_bytes(free)} are free"
    if need > free:
        raise AlexNetError(
            f"{shown(str(order.folder))}: the work needs {said}. Make room, choose a place on "
            "another disk, or a smaller --size."
        )
    talk.say(f"Needs {said}.")


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _make(
    plan: Plan, waiting: Sequence[Span], order: Order, workers: int, total: int, talk: Talk
) -> None:
    first = done = total - sum(span.photos for span in waiting)
    # Counted from the first photos on: starting the workers would spoil the estimate.
    started, estimated = 0.0, False
    with talk.progress("preparing", total) as progress:
        progress.update(done)
        for begun in make_blocks(_blocks(plan, waiting), order, workers):
            done += begun
            if not started and begun:
                started, first = time.monotonic(), done
            seconds = time.monotonic() - started
            if not estimated and seconds > SAMPLE and done > first:
                whole = duration(seconds * (total - first) / (done - first))
                progress.close()
                talk.say(f"Expected time: {whole} with {number(workers, 'worker')}.")
                estimated = True
            progress.update(done)


def _blocks(plan: Plan, waiting: Sequence[Span]) -> Iterator[Block]:
    """The blocks with the paths, extents or bytes of their photos."""
    for source, spans in groupby(waiting, key=lambda span: span.source):
        mine = list(spans)
        raws = plan.sources[source].stream(_entries(plan, mine))
        for span in mine:
            photos = list(plan.photos(span.first, span.end))
            counted = [photo.place.part in plan.measured for photo in photos]
            try:
                items = [next(raws) for _ in photos]
            except StopIteration:
                raise _changed(plan.sources[source].path) from None
            yield Block(span.number, items, counted)


def _entries(plan: Plan, spans: Sequence[Span]) -> Iterator[Entry]:
    for span in spans:
        for photo in plan.photos(span.first, span.end):
            yield photo.entry
