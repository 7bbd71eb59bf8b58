"""Photos that a set holds more than once, by name: leaks between parts, photos in two classes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.copies.duplicates import EXACT, KINDS, Copies, clusters, greys_of, leaks, search
from alexnet.data.split import PARTS
from alexnet.data.store import ImageSet
from alexnet.inspection.which import Which, listed
from alexnet.progress import Progress


@dataclass(frozen=True)
class Pair:
    """Two pictures that show the same photo."""

    one: Which
    other: Which
    kind: str  # exact, near or mirrored
    likeness: float  # 0.85 to 1


@dataclass(frozen=True)
class Repeats:
    """All copies; pictures are numbered as they lie on disk."""

    images: ImageSet
    copies: Copies
    part: NDArray[np.int64]  # (N,), of each number, index into PARTS
    place: NDArray[np.int64]  # (N,), in its part

    @cached_property
    def pairs(self) -> list[Pair]:
        """All pairs, exact ones first, then the most alike."""
        found = []
        for first, second, kind, likeness, _ in self.copies.pairs.tolist():
            one, other = sorted((self.which(first), self.which(second)), key=_rank)
            found.append(Pair(one, other, KINDS[kind], round(likeness, 3)))
        return sorted(found, key=_order)

    @cached_property
    def groups(self) -> list[list[Which]]:
        """Pictures of the same photo, directly or through others; the largest groups first."""
        found = [sorted(map(self.which, group), key=_rank) for group in clusters(self.copies.pairs)]
        return sorted(found, key=lambda group: (-len(group), _rank(group[0])))

    @cached_property
    def leaks(self) -> list[tuple[Which, Which]]:
        """Each picture of which a later part (train, val, test) holds a copy, and that copy."""
        found = leaks(self.copies, self.part)
        pairs = [(self.which(one), self.which(other)) for one, other in found]
        return sorted(pairs, key=lambda pair: _rank(pair[0]))

    @cached_property
    def in_two_classes(self) -> list[list[Which]]:
        """Groups whose pictures have different labels."""
        return [g for g in self.groups if len({one.label(self.images) for one in g}) > 1]

    @cached_property
    def within(self) -> list[list[Which]]:
        """Groups that are in one part and one class."""
        return [g for g in self.groups if len({(p.part, p.label(self.images)) for p in g}) == 1]

    @property
    def kinds(self) -> dict[str, int]:
        """Pairs of each kind."""
        counts = Counter(pair.kind for pair in self.pairs)
        return {kind: counts[kind] for kind in KINDS}

    def which(self, number: int) -> Which:
        """The picture with that number."""
        return Which(PARTS[self.part[number]], int(self.place[number]))

    def joining(self, group: Sequence[Which]) -> Pair | None:
        """The pair of the first two of a group; None where only others join them."""
        return self._pair_of.get((group[0], group[1]))

    def as_json(self) -> dict[str, Any]:
        """Pairs, groups and leaks by name."""
        return {
            "kinds": self.kinds,
            "pairs": [
                {"pictures": self._named(pair.one, pair.other), "kind": pair.kind,
                 "likeness": pair.likeness}
                for pair in self.pairs
            ],
            "groups": [self._named(*group) for group in self.groups],
            "leaks": [self._named(*pair) for pair in self.leaks],
            "in_two_classes": [self._named(*group) for group in self.in_two_classes],
            "notes": self.copies.notes,
        }  # fmt: skip

    @cached_property
    def _pair_of(self) -> dict[tuple[Which, Which], Pair]:
        return {(pair.one, pair.other): pair for pair in self.pairs}

    def _named(self, *pictures: Which) -> list[dict[str, Any]]:
        return listed(self.images, pictures)


def repeats_of(images: ImageSet, progress: Progress) -> Repeats:
    """Search a set; numbers follow addresses, as they do when a set is made, and as disks read."""
    parts = images.parts.values()
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    part = np.concatenate([np.full(len(one), PARTS.index(one.name)) for one in parts])[order]
    place = np.concatenate([np.arange(len(one)) for one in parts])[order]
    greys = greys_of(lambda number: images.store[int(rows[number])])

    def tell(done: int, total: int) -> None:
        progress.total = total
        progress.update(done)

    copies = search(images.digests[rows], images.hashes[rows], greys, tell=tell)
    progress.close()
    return Repeats(images, copies, part, place)


def _order(pair: Pair) -> tuple[bool, float, tuple[int, int], tuple[int, int]]:
    return pair.kind != KINDS[EXACT], -pair.likeness, _rank(pair.one), _rank(pair.other)


def _rank(one: Which) -> tuple[int, int]:
    """Train before val before test, and in the order of the part."""
    return PARTS.index(one.part), one.place
