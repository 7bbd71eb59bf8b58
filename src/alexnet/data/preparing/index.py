"""From records to the index of a set: what came out, in which part, in which order.

All steps are queries over the scratch database or passes over the records, so that the number of
pictures decides the time and the disk, but not the memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import growing_array, save_array
from alexnet.data.filetable import TABLE
from alexnet.data.preparing.blocks import Record, read_record, record_path
from alexnet.data.preparing.catalogue import Catalogue, as_bytes, as_text, quoted
from alexnet.data.preparing.making import Span
from alexnet.data.preparing.plan import Photo, Plan
from alexnet.data.shards import DIGEST
from alexnet.data.split import parts_of_class, rank
from alexnet.data.tables import as_line
from alexnet.files import replacing

NO_TRAINING = "no photo of its class that could be trained on is readable"
RANK = 8  # bytes of a photo's rank: enough to order a class
BATCH = 8192  # rows written at once
T = TypeVar("T")


def gather(plan: Plan, spans: Sequence[Span], folder: Path, most: int, seed: int) -> None:
    """Put what became of each photo into the catalogue: a picture with its address, or rejected.

    ``most`` photos a block make the addresses: block x ``most`` + place in the shard. What the set
    keeps by address is written on the way: ``shards.npy``, ``digests.npy``, ``hashes.npy``.
    """
    addresses, counts = len(spans) * most, []
    with (
        growing_array(folder / "digests.npy", np.uint8, (addresses, DIGEST)) as add_digests,
        growing_array(folder / "hashes.npy", np.uint64, (addresses,)) as add_hashes,
    ):
        for span in spans:
            record = read_record(record_path(folder, span.number))
            counts.append(len(record.digests))
            add_digests(_filled(record.digests, most))
            add_hashes(_filled(record.hashes, most))
            _file(plan, span, record, most, seed)
    save_array(folder / "shards.npy", np.array(counts, np.int32))


def _filled(rows: NDArray[Any], most: int) -> NDArray[Any]:
    """The rows, and zeros where the shard could hold more pictures."""
    padding = [(0, most - len(rows))] + [(0, 0)] * (rows.ndim - 1)
    return np.pad(rows, padding)


def _file(plan: Plan, span: Span, record: Record, most: int, seed: int) -> None:
    came_out = enumerate(are_grey(record.moments), span.number * most)
    pictures, rejected = [], []
    photos = plan.photos(span.first, span.end)
    for photo, outcome in zip(photos, record.outcomes, strict=True):
        if isinstance(outcome, str):
            rejected.append((photo.file, outcome))
        else:
            address, grey = next(came_out)
            pictures.append(_row(photo, address, outcome, grey, seed))
    plan.catalogue.add_pictures(pictures)
    plan.catalogue.reject(rejected)


def _row(
    photo: Photo, address: int, native: tuple[int, int], grey: bool, seed: int
) -> tuple[object, ...]:
    place, file = photo.place, photo.file
    ranked = rank(seed, file)[:RANK] if place.part == "train" else b""
    return (
        address, place.part, place.part, as_bytes(place.name), as_bytes(file), ranked,
        *native, int(grey), int(photo.source == 0),
    )  # fmt: skip


def are_grey(moments: NDArray[np.int64]) -> list[bool]:
    """Whether R, G and B of pictures are equal everywhere, by their sums of products (n, 9)."""
    red, green, blue, red_green, red_blue = moments.T[3:8]
    grey: list[bool] = ((red + green == 2 * red_green) & (red + blue == 2 * red_blue)).tolist()
    return grey


def drop_untaught(catalogue: Catalogue, measured: Sequence[str] = ("train",)) -> list[str]:
    """Reject pictures of classes that ``measured`` parts have none of; returns those they have."""
    classes = f"SELECT DISTINCT class FROM picture WHERE part IN ({quoted(measured)})"
    lost = f"part != '' AND class NOT IN ({classes})"
    catalogue.db.execute(
        f"INSERT INTO rejected SELECT file, ? FROM picture WHERE {lost}", (NO_TRAINING,)
    )
    catalogue.db.execute(f"UPDATE picture SET part = '' WHERE {lost}")
    return [as_text(name) for (name,) in catalogue.db.execute(f"{classes} ORDER BY class")]


def split_off(catalogue: Catalogue, shares: Mapping[str, float]) -> None:
    """Give each class's shares of its training pictures to val and test: ``parts_of_class``."""
    rows = catalogue.db.execute(
        "SELECT class, address FROM picture WHERE part = 'train' ORDER BY class, rank, file"
    )
    before = 0
    for _, members in groupby(rows, key=lambda row: row[0]):
        addresses = [address for _, address in members]
        parts = parts_of_class(len(addresses), before, shares)
        before += len(addresses)
        catalogue.db.executemany(
            "UPDATE picture SET part = ? WHERE address = ?",
            ((p, a) for p, a in zip(parts, addresses, strict=True) if p != "train"),
        )


def in_order(catalogue: Catalogue, part: str) -> Iterator[tuple[int, str, str, int, int, int]]:
    """(address, class, file, width, height, grey) of a part: by class, then by file name."""
    rows = catalogue.db.execute(
        "SELECT address, class, file, width, height, grey FROM picture WHERE part = ? "
        "ORDER BY class, file",
        (part,),
    )
    for address, name, file, *others in rows:
        yield address, as_text(name), as_text(file), *others


def store_part(folder: Path, catalogue: Catalogue, part: str, classes: Mapping[str, int]) -> int:
    """Write PART-rows.npy, PART-labels.npy, PART.csv and PART-lines.npy; returns the pictures."""
    count = catalogue.count(f"picture WHERE part = '{part}'")
    if not count:
        return 0
    header = as_line(TABLE)
    at = len(header)
    with (
        growing_array(folder / f"{part}-rows.npy", np.int64, (count,)) as add_rows,
        growing_array(folder / f"{part}-labels.npy", np.int32, (count,)) as add_labels,
        growing_array(folder / f"{part}-lines.npy", np.int64, (count + 1,)) as add_starts,
        replacing(folder / f"{part}.csv") as table,
    ):
        table.write(header)
        add_starts(np.array([at]))
        for several in batched(enumerate(in_order(catalogue, part)), BATCH):
            lines = [as_line((i, row[1], classes[row[1]], *row[2:])) for i, row in several]
            ends = at + np.cumsum([len(line) for line in lines])
            at = int(ends[-1])
            table.writelines(lines)
            add_starts(ends)
            add_rows(np.array([row[0] for _, row in several]))
            add_labels(np.array([classes[row[1]] for _, row in several]))
    return count


def batched(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """The items in lists of at most ``most`` (itertools has it from Python 3.12 on)."""
    waiting = iter(items)
    while several := list(islice(waiting, most)):
        yield several
