"""The shards of a set on disk: where a picture lies, how it is written and read."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import misfit
from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError
from alexnet.files import told

HEADER = 128  # bytes before the first picture of a shard
OPEN = 256  # shards that are held open
SYNC = 16 << 20  # bytes that are written before the disk is told to take them
DIGEST = 16  # bytes of a picture's SHA-256 that are kept


def shard_path(folder: Path, number: int) -> Path:
    """Where the pictures of block ``number`` of the set in ``folder`` lie."""
    return folder / "pictures" / f"{number:07}.npy"


def header_of(count: int, size: int) -> bytes:
    """The first bytes of a shard of so many pictures, whatever version of numpy reads them."""
    facts = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, {size}, {size}, 3), }}"
    length = (HEADER - 10).to_bytes(2, "little")
    return b"\x93NUMPY\1\0" + length + facts.ljust(HEADER - 11).encode() + b"\n"


class ShardWriter:
    """Writes the pictures of a block to their final place, one by one; without any, no file.

    The disk is kept at work all the while, so that little is left to wait for at the end. Until
    then the file may be short: it counts only where a record that was written later says so.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size, self.digests = path, size, list[bytes]()
        self.unsynced, self.syncing = 0, Future[None]()
        self.syncing.set_result(None)

    def __enter__(self) -> "ShardWriter":
        with told(self.path):
            self.file = self.path.open("wb", buffering=0)
            self._write(header_of(0, self.size))
        self.syncer = ThreadPoolExecutor(1)
        return self

    def add(self, picture: NDArray[np.uint8]) -> None:
        """The next picture, uint8 (size, size, 3). AlexNetError where the disk fails."""
        with told(self.path):
            self._write(picture.data.cast("B"))
            self.unsynced += picture.nbytes
            if self.unsynced > SYNC and self.syncing.done():
                self.syncing.result()
                self.unsynced = 0
                self.syncing = self.syncer.submit(os.fdatasync, self.file.fileno())
        self.digests.append(sha256(picture.data).digest()[:DIGEST])

    def _write(self, data: bytes | memoryview) -> None:
        left = memoryview(data)
        while left:
            left = left[self.file.write(left) :]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with told(self.path):
                self.syncing.result()
                if kind is None and self.digests:
                    self.file.seek(0)
                    self._write(header_of(len(self.digests), self.size))
                    os.fsync(self.file.fileno())
        finally:
            self.syncer.shutdown()
            self.file.close()
        if not self.digests:
            self.path.unlink()


class Shards:
    """All pictures of a set by address: shard x ``most`` + place in it."""

    def __init__(self, folder: Path, counts: NDArray[np.int32], most: int, size: int) -> None:
        self.folder, self.counts, self.most, self.size = folder, counts, most, size
        # Read, not mapped: a mapping holds a descriptor for each shard, of which there may be tens
        # of thousands, and a disk that fails under a mapping kills the process.
        self._open = lru_cache(OPEN)(lambda number: _Descriptor(shard_path(folder, number)))

    def paths(self) -> Iterator[tuple[int, Path]]:
        """Number and file of each shard that holds pictures."""
        for number in np.flatnonzero(self.counts).tolist():
            yield number, shard_path(self.folder, number)

    def check_lengths(self) -> None:
        """AlexNetError naming a shard that is missing or has another length than it must have."""
        for number, path in self.paths():
            wanted = HEADER + int(self.counts[number]) * 3 * self.size**2
            found = path.stat().st_size if path.is_file() else -1
            if found != wanted:
                what = "it is missing" if found < 0 else f"it has {found:,} bytes, not {wanted:,}"
                raise misfit(path, what)

    def hold(self, addresses: NDArray[np.int64]) -> bool:
        """Whether there is a picture at each address."""
        numbers, places = np.divmod(addresses, self.most)
        if numbers.min() < 0 or numbers.max() >= len(self.counts):
            return False
        return bool((places < self.counts[numbers]).all())

    def read(self, address: int, out: NDArray[np.uint8]) -> None:
        """Read the picture at an address into ``out`` (size, size, 3), which is contiguous."""
        number, place = divmod(address, self.most)
        path, left = shard_path(self.folder, number), out.data.cast("B")
        try:
            descriptor, at = self._open(number), HEADER + place * len(left)
            while left:
                got = os.preadv(descriptor.number, [left], at)
                if not got:
                    raise misfit(path, f"it is cut short in picture {place}")
                left, at = left[got:], at + got
        except OSError as error:
            raise AlexNetError(f"{shown(str(path))} cannot be read: {error.strerror}.") from error

    def __getitem__(self, address: int) -> NDArray[np.uint8]:
        """The picture at an address: uint8 (size, size, 3)."""
        picture = np.empty((self.size, self.size, 3), np.uint8)
        self.read(address, picture)
        return picture


class _Descriptor:
    """A file that is open as long as somebody holds this, whichever thread that is."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        with suppress(AttributeError):  # it could not be opened
            os.close(self.number)
