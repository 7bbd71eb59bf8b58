"""Where a run stands: the numbers that a checkpoint keeps beside the tensors."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from alexnet import files


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
            "data_wait_share": self.waited / max(self.busy, 1e-9),
        }

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


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of equal keys as CSV with a header; None is an empty field."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
