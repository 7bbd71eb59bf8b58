"""What prepare hands back: the set, and what became of every file."""

from dataclasses import dataclass
from pathlib import Path

from alexnet.data.preparing.layout import Rejected
from alexnet.data.store import ImageSet, open_set
from alexnet.data.tables import read_table

REJECTED = ("file", "reason")


@dataclass(frozen=True)
class Prepared:
    """A prepared set and what became of every file: found is the sum of all that follow."""

    folder: Path
    found: int  # files, in all sources
    train: int
    val: int
    test: int
    rejected: list[Rejected]  # sorted by file
    not_photos: int
    set: ImageSet
    already: bool  # whether it was there before

    @property
    def images(self) -> int:
        """Pictures in the set."""
        return self.train + self.val + self.test

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; a label is an index into them."""
        return self.set.classes


def opened(data: Path, already: bool) -> Prepared:
    """The set at ``data``, with what was written down when it was made."""
    made = open_set(data)
    counts, not_photos = made.facts["parts"], made.facts["not_photos"]
    rejected = [Rejected(*row) for row in read_table(data / "rejected.csv", REJECTED)]
    return Prepared(
        folder=data,
        found=sum(counts.values()) + len(rejected) + not_photos,
        train=counts["train"],
        val=counts["val"],
        test=counts["test"],
        rejected=rejected,
        not_photos=not_photos,
        set=made,
        already=already,
    )
