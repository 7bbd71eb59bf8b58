"""The pictures of a set: shards on disk, and the order in which a part has them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import misfit
from alexnet.data.blocks import shard_path
from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError

HEADER = 128  # bytes before the first picture of a shard: numpy pads its headers
OPEN = 256  # shards that are held open


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


class Pictures:
    """The pictures of a part in its order: an array (N, size, size, 3) that is read when used."""

    dtype = np.dtype(np.uint8)

    def __init__(self, shards: Shards, rows: NDArray[np.int64]) -> None:
        self.shards, self.rows = shards, rows
        self.shape = (len(rows), shards.size, shards.size, 3)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, which: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, which: slice | NDArray[Any] | list[int]) -> NDArray[np.uint8]: ...
    def __getitem__(self, which: Any) -> NDArray[np.uint8]:
        """One picture (size, size, 3), or several (n, size, size, 3)."""
        rows = self.rows[which]
        if rows.ndim == 0:
            return self.shards[int(rows)]
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for place, row in zip(found, rows.tolist(), strict=True):
            self.shards.read(row, place)
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All of them in memory."""
        return self[:].astype(dtype or np.uint8, copy=False)


Stack = Pictures | NDArray[np.uint8]  # pictures (N, size, size, 3), of a set or in memory
