"""The pictures of a part of a set, in its order, as if they were an array."""

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from alexnet.data.shards import Shards


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
