"""The shards of a set on disk: where a picture lies, how it is written and read."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import misfit
from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError
from alexnet.files import replacing

HEADER = 128  # bytes before the first picture of a shard: numpy pads its headers
OPEN = 256  # shards that are held open
DIGEST = 16  # bytes of a picture's SHA-256 that are kept


def shard_path(folder: Path, number: int) -> Path:
    """Where the pictures of block ``number`` of the set in ``folder`` lie."""
    return folder / "pictures" / f"{number:07}.npy"


def write_shard(path: Path, pictures: NDArray[np.uint8]) -> None:
    """Put the pictures of a block at ``path``, whole or not at all; without any, no file."""
    if len(pictures):
        with replacing(path, sweep=False) as file:
            np.lib.format.write_array(file, pictures, version=(1, 0), allow_pickle=False)


def digests(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The first 16 bytes of the SHA-256 of each picture: (n, 16)."""
    packed = b"".join(sha256(picture.data).digest()[:DIGEST] for picture in pictures)
    return np.frombuffer(packed, np.uint8).reshape(-1, DIGEST)


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
