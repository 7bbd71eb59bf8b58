"""Pictures of each class, and how uneven they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.store import ImageSet
from alexnet.inspection.which import shown_class


@dataclass(frozen=True)
class Classes:
    """How many pictures each class has in each part."""

    names: list[str]  # what people call them
    counts: dict[str, NDArray[np.int64]]  # part -> (classes,)

    @property
    def main(self) -> str:
        """The part that is judged: train, or the first where there is none."""
        return next(iter(self.counts))

    @property
    def imbalance(self) -> float:
        """Training pictures of the largest class, in those of the smallest."""
        return float(self.counts[self.main].max() / max(1, self.counts[self.main].min()))

    @property
    def by_largest(self) -> float:
        """The error, 0 to 1, of who always names the largest class, on training pictures."""
        return 1 - float(self.counts[self.main].max() / self.counts[self.main].sum())

    def absent(self, part: str) -> list[str]:
        """Classes of which a part has no picture."""
        return [self.names[label] for label in np.flatnonzero(self.counts[part] == 0)]

    def as_json(self) -> dict[str, Any]:
        """Counts by class, in the order of labels."""
        counts = {part: numbers.tolist() for part, numbers in self.counts.items()}
        return {
            "names": self.names, "counts": counts, "imbalance": self.imbalance,
            "error_of_largest": self.by_largest,
        }  # fmt: skip


def classes_of(images: ImageSet) -> Classes:
    """Count; every class has training pictures."""
    counts = {
        name: np.bincount(part.labels, minlength=len(images.classes))
        for name, part in images.parts.items()
    }
    names = [shown_class(images, label) for label in range(len(images.classes))]
    return Classes(names, counts)


def uneven(classes: Classes) -> str:
    """A sentence on how many training pictures classes have."""
    largest = f"Always naming the largest is wrong in {100 * classes.by_largest:.1f} %."
    if classes.imbalance == 1:
        return f"All classes have equally many training pictures. {largest}"
    times = f"{classes.imbalance:.3g} times as many training pictures as the smallest"
    return f"The largest class has {times}. {largest}"
