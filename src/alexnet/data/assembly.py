"""From blocks to the files of the set. Every step can be done again after a kill at any moment."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from alexnet.data.blocks import block_path, read_block
from alexnet.data.split import PARTS, write_split
from alexnet.data.statistics import BLOCK, Statistics, statistics
from alexnet.data.store import TABLE, Fingerprint
from alexnet.data.tables import write_table
from alexnet.data.work import BLOCKS
from alexnet.errors import AlexNetError
from alexnet.files import replacing

BATCH = 16  # blocks between two syncs; so much disk is used beside the set itself


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that came out, where it is now and where it goes."""

    block: int
    place: int  # in the block
    part: str
    name: str  # class
    file: str
    width: int
    height: int
    ours: bool  # whether it comes from SOURCE, and so belongs into split.csv


def in_order(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """The pictures of each part in the order of the set: by class, then by file name."""
    parts: dict[str, list[Picture]] = {part: [] for part in PARTS}
    for picture in sorted(pictures, key=lambda picture: (picture.name, picture.file)):
        parts[picture.part].append(picture)
    return parts


def store_pictures(
    part: Path, size: int, parts: dict[str, list[Picture]], moved: Callable[[int], None]
) -> None:
    """Move all pictures from the blocks into PART.npy; a block goes when its pictures are safe.

    ``moved`` is told the number of pictures that are in place.
    """
    goals: dict[int, list[tuple[int, str, int]]] = {}
    for name, pictures in parts.items():
        for row, picture in enumerate(pictures):
            goals.setdefault(picture.block, []).append((picture.place, name, row))
    numbers, done = sorted(goals), 0
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(_opened(part / f"{name}.npy", (len(pictures), size, size, 3)))
            for name, pictures in parts.items() if pictures
        }  # fmt: skip
        start = {name: file.seek(0, os.SEEK_CUR) for name, file in files.items()}
        for first in range(0, len(numbers), BATCH):
            batch = numbers[first : first + BATCH]
            for number in batch:
                _scatter(block_path(part / BLOCKS, number), goals[number], files, start, size)
                moved(done := done + len(goals[number]))
            _settle(part, batch, files)


def _opened(path: Path, shape: tuple[int, ...]) -> BinaryIO:
    """A .npy file of uint8 with its header in place, open behind it."""
    # Written with plain writes, not through a mapping: on a full disk a mapping kills the process.
    file = path.open("r+b" if path.exists() else "w+b")
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file


def _scatter(
    block: Path, goals: list[tuple[int, str, int]], files: dict[str, BinaryIO],
    start: dict[str, int], size: int,
) -> None:  # fmt: skip
    """Write the pictures of a block to their rows, unless that was done before a stop."""
    if not block.exists():
        return
    pictures = read_block(block)
    try:
        for place, name, row in goals:
            files[name].seek(start[name] + row * size * size * 3)
            files[name].write(pictures[place].data)
    except OSError as error:
        raise AlexNetError(f"A picture cannot be stored: {error.strerror}.") from error


def _settle(part: Path, batch: Sequence[int], files: dict[str, BinaryIO]) -> None:
    try:
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise AlexNetError(f"Pictures cannot be stored: {error.strerror}.") from error
    for number in batch:
        block_path(part / BLOCKS, number).unlink(missing_ok=True)


def store_tables(part: Path, parts: dict[str, list[Picture]], classes: list[str]) -> None:
    """Write PART-labels.npy, PART.csv and split.csv."""
    number_of = {name: number for number, name in enumerate(classes)}
    for name, pictures in parts.items():
        if pictures:
            labels = np.array([number_of[picture.name] for picture in pictures], "<i4")
            save_array(part / f"{name}-labels.npy", labels)
            rows = (
                (i, p.name, number_of[p.name], p.file, p.width, p.height)
                for i, p in enumerate(pictures)
            )
            write_table(part / f"{name}.csv", TABLE, rows)
    placed = [(p.file, name) for name, pictures in parts.items() for p in pictures if p.ours]
    write_split(part / "split.csv", placed)


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Put an array at ``path`` in numpy's format, whole or not at all."""
    with replacing(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)


def measure(
    part: Path, parts: dict[str, list[Picture]], classes: list[str], read: Callable[[int], None]
) -> tuple[Statistics, str]:
    """Statistics of the training part and the fingerprint of all, from one pass over the files."""
    fingerprint, done = Fingerprint(), 0
    measured: Statistics | None = None

    def seen(block: NDArray[np.uint8]) -> None:
        nonlocal done
        fingerprint.add(block)
        read(done := done + len(block))

    for name in (name for name in PARTS if parts[name]):
        pictures = np.load(part / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        if name == "train":
            measured = statistics(pictures, seen)
        else:
            for block in _blocks(pictures):
                seen(block)
        fingerprint.add(np.load(part / f"{name}-labels.npy", allow_pickle=False))
    assert measured is not None
    return measured, fingerprint.end(classes)


def _blocks(pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(pictures), BLOCK):
        yield np.asarray(pictures[start : start + BLOCK])
