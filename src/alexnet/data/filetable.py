"""PART.csv of a set: any row without reading those before it."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import misfit
from alexnet.data.filenames import shown
from alexnet.data.tables import table_rows
from alexnet.errors import AlexNetError

TABLE = ("number", "class", "label", "file", "width", "height", "grey")


class Files(Sequence[str]):
    """The photos' names in their source, read from the table one by one."""

    def __init__(self, table: Path, starts: NDArray[np.int64]) -> None:
        self.table, self.starts = table, starts  # where each row begins, and where the last ends

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, which: int) -> str: ...
    @overload
    def __getitem__(self, which: slice) -> list[str]: ...
    def __getitem__(self, which: int | slice) -> str | list[str]:
        if isinstance(which, slice):
            return [self._name(i) for i in range(*which.indices(len(self)))]
        return self._name(range(len(self))[which])

    def __iter__(self) -> Iterator[str]:
        return (row[3] for row in table_rows(self.table, TABLE))

    def _name(self, i: int) -> str:
        start, end = int(self.starts[i]), int(self.starts[i + 1])
        if not 0 <= start < end <= int(self.starts[-1]):
            raise misfit(self.table, f"its row {i + 1:,} is not where its lines begin")
        try:
            with self.table.open("rb") as file:
                file.seek(start)
                text = file.read(end - start).decode("utf-8", "surrogateescape")
        except OSError as error:
            raise AlexNetError(f"{shown(str(self.table))} cannot be read: {error}.") from error
        with suppress(csv.Error):
            rows = list(csv.reader(io.StringIO(text, newline="")))
            if len(rows) == 1 and len(rows[0]) == len(TABLE):
                return rows[0][3]
        raise misfit(self.table, f"its row {i + 1:,} is damaged")
