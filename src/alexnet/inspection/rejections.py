"""Why photos were left out when the set was made."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from alexnet.data.prepared import REJECTED
from alexnet.data.store import ImageSet
from alexnet.data.tables import table_rows

# What differs between reasons that are the same.
_VARIES = re.compile(r"\d[\d,.]*|'[^']*'|(?<=the same photo as ).*(?= of (train|val|test),)")


@dataclass(frozen=True)
class Rejections:
    """Reasons, the most frequent first, with the number of files and the first of them."""

    reasons: list[tuple[str, int, str]]
    not_photos: dict[str, int]  # kind -> number of files

    @property
    def count(self) -> int:
        """All rejected files."""
        return sum(number for _, number, _ in self.reasons)

    def as_json(self) -> dict[str, Any]:
        """Reasons and numbers."""
        rows = [{"reason": why, "files": n, "first": file} for why, n, file in self.reasons]
        return {"files": self.count, "reasons": rows, "not_photos": self.not_photos}


def rejections_of(images: ImageSet) -> Rejections:
    """Read rejected.csv; reasons that differ only in numbers or names count as one."""
    counts: Counter[str] = Counter()
    first: dict[str, tuple[str, str]] = {}
    for file, reason in table_rows(images.folder / "rejected.csv", REJECTED):
        kind = _VARIES.sub("*", reason)
        counts[kind] += 1
        first.setdefault(kind, (reason, file))
    reasons = [
        (first[kind][0] if number == 1 else kind, number, first[kind][1])
        for kind, number in counts.most_common()
    ]
    return Rejections(reasons, dict(images.facts.get("not_photos_by_kind") or {}))
