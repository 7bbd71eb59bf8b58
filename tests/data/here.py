"""Sets made in this very process, without starting workers, and what such sets hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from alexnet.data.prepare import Prepared, prepare
from alexnet.data.preparing import making, plan
from alexnet.data.preparing.blocks import make_block
from alexnet.data.preparing.workers import Block, Order
from alexnet.data.sources.entries import Entry, Raw
from alexnet.data.store import open_set
from tests.data.trees import Given


def make_blocks(blocks: Iterable[Block], order: Order, workers: int) -> Iterator[int]:
    """In place of ``workers.make_blocks``."""
    for block in blocks:
        make_block(
            order.folder, block.number, block.items, block.counted, order.square, lambda _: None,
            order.key,
        )  # fmt: skip
        yield len(block.items)


@contextmanager
def in_this_process() -> Iterator[None]:
    """Nor is the disk waited for, which takes most of the time where pictures are tiny."""
    waits = (mock.patch("os.fsync"), mock.patch("os.fdatasync"))
    with mock.patch.object(making, "make_blocks", make_blocks), waits[0], waits[1]:
        yield


def prepare_given(
    entries: Sequence[Entry], raws: Mapping[str, Raw], data: Path, **options: Any
) -> Prepared:
    """The set of a source that tells part and class of each photo itself."""
    source = Given(entries, raws, path=data.parent, labelled=True)
    with mock.patch.object(plan, "open_source", return_value=source), in_this_process():
        return prepare(data.parent / "none", data, **options)


def contents(folder: Path) -> dict[str, bytes]:
    """Every byte of a set, by the name of its file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def meaning(folder: Path) -> tuple[object, ...]:
    """What a set says, however its pictures lie on disk and whatever it was made of."""
    images = open_set(folder)
    parts = {
        name: [*zip(part.files, part.labels.tolist(), map(bytes, part.pictures), strict=True)]
        for name, part in images.parts.items()
    }
    facts = {name: images.facts[name] for name in (
        "size", "fit", "filter", "exif", "classes", "names", "order", "parts", "channel_means",
        "eigenvalues", "axes", "seed", "fingerprint", "rejected", "not_photos_by_kind", "leaks",
    )}  # fmt: skip
    tables = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    return parts, facts, tables, images.mean.tobytes()


def assert_adds_up(result: Prepared) -> None:
    assert result.found == result.images + len(result.rejected) + result.not_photos
    assert result.images == result.train + result.val + result.test
    assert result.images == sum(len(part) for part in result.set.parts.values())
