"""Sets made in this very process: what the workers do, without starting any."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from alexnet.data import making, plan
from alexnet.data.blocks import make_block
from alexnet.data.entries import Entry, Raw
from alexnet.data.prepare import Prepared, prepare
from alexnet.data.workers import Block, Order
from tests.data.trees import Given


def make_blocks(blocks: Iterable[Block], order: Order, workers: int) -> Iterator[int]:
    """In place of ``workers.make_blocks``."""
    for block in blocks:
        make_block(
            order.folder, block.number, block.items, block.counted, order.square, lambda _: None
        )
        yield len(block.items)


@contextmanager
def in_this_process() -> Iterator[None]:
    """Nor is the disk waited for, which takes most of the time where pictures are tiny."""
    with mock.patch.object(making, "make_blocks", make_blocks), mock.patch("os.fsync"):
        yield


def prepare_given(
    entries: Sequence[Entry], raws: Mapping[str, Raw], data: Path, **options: Any
) -> Prepared:
    """The set of a source that tells part and class of each photo itself."""
    source = Given(entries, raws, path=data.parent, labelled=True)
    with mock.patch.object(plan, "open_source", return_value=source), in_this_process():
        return prepare(data.parent / "none", data, **options)
