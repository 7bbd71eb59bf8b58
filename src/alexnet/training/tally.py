"""Where a run stands: the numbers that a checkpoint keeps beside the tensors."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from alexnet import files

WAITING = 0.03  # share of an epoch spent waiting for data from which on it is worth a change,
LEAST = 1.0  # and so many seconds: in a short epoch the first batch alone is a large share


@dataclass
class Tally:
    """Steps and seconds so far, sums of the epoch under way, and a row for each epoch behind."""

    step: int = 0
    seconds: float = 0.0
    pictures: int = 0
    loss: float = 0.0
    wrong: int = 0
    waited: float = 0.0
    busy: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    layer_rows: list[dict[str, Any]] = field(default_factory=list)
    warned: bool = False

    def add(self, pictures: int, loss: float, wrong: int, waited: float, busy: float) -> None:
        """Count one step; ``loss`` is the mean over its pictures, times in seconds."""
        self.step += 1
        self.count(pictures, loss, wrong, waited, busy)

    def count(self, pictures: int, loss: float, wrong: int, waited: float, busy: float) -> None:
        """Add to the sums what became known, and the time that it took."""
        self.seconds += busy
        self.pictures += pictures
        self.loss += loss * pictures
        self.wrong += wrong
        self.waited += waited
        self.busy += busy

    def training_row(self) -> dict[str, Any]:
        """The means of the epoch under way."""
        pictures = max(1, self.pictures)
        return {
            "images": self.pictures,
            "train_loss": self.loss / pictures,
            "train_error": self.wrong / pictures,
            "images_per_second": self.pictures / max(self.busy, 1e-9),
            "data_wait_share": self.waiting_share,
        }

    @property
    def waiting_share(self) -> float:
        """The share of the epoch under way that was spent waiting for data."""
        return self.waited / max(self.busy, 1e-9)

    @property
    def waits(self) -> bool:
        """Whether that is so much that something should be changed."""
        return self.waiting_share > WAITING and self.waited > LEAST

    def drop_epoch(self, epoch: int) -> None:
        """Forget the rows of an epoch that was broken off and is now measured whole."""
        self.rows = [row for row in self.rows if row["epoch"] != epoch]
        self.layer_rows = [row for row in self.layer_rows if row["epoch"] != epoch]

    def next_epoch(self) -> None:
        """Begin new sums."""
        self.pictures = self.wrong = 0
        self.loss = self.waited = self.busy = 0.0

    @property
    def errors(self) -> list[float]:
        """The validation errors of the epochs so far."""
        return [row["val_error"] for row in self.rows if row["val_error"] is not None]

    def state(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)

    @staticmethod
    def of(state: Mapping[str, Any]) -> "Tally":
        """The tally that ``state`` described."""
        return Tally(**state)

    def write(self, folder: Path) -> None:
        """``metrics.csv`` and ``layers.csv``, whole."""
        files.write_text(folder / "metrics.csv", as_csv(self.rows))
        files.write_text(folder / "layers.csv", as_csv(self.layer_rows))


def advice_on_waiting(share: float, workers: int, cores: int, missing: int) -> str:
    """A sentence on what to change where a share of an epoch passed in waiting for data.

    ``workers`` threads made batches, of ``cores`` that could; ``missing`` bytes of the set do not
    fit into memory.
    """
    advice = "more cores would shorten that"
    if workers < cores:
        # So many make batches at the speed at which they would have been used.
        needed = math.ceil(workers / max(1 - share, 1 / cores))
        more = min(cores, max(workers + 1, needed))
        advice = f"--workers {more} (now {workers}) may shorten that"
    if missing:
        advice += "; so may a faster disk or more memory, into which the set does not fit"
    return f"{share:.0%} of the epoch went by waiting for data: {advice}."


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of equal keys as CSV with a header; None is an empty field."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
