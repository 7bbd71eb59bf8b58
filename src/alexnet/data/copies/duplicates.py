"""Copies of a photo in a set: the same pixels, or others that show the same, mirrored or not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.copies.alike import alike
from alexnet.data.copies.bands import REACH, WINDOW, Hashes, Indexes, Near, near
from alexnet.data.copies.hashing import FLAT, MIRROR_MASK
from alexnet.kernels.pictures import SMALL, small_grey

KINDS = ("exact", "near", "mirrored")
EXACT, NEAR, MIRRORED = range(3)
MISSES = 30_000  # pairs with like hashes that may turn out to be no copies: seconds
MISSES_EACH = 20  # pictures, for each of which it may be one more
LEAST = 1_000_000  # pairs that are held in memory, in small sets too
CHUNK = 256  # pairs that are compared in one go

# Numbers of pictures (n,) -> what ``small_grey`` makes of each, uint8 (n, 32, 32).
Greys = Callable[[Indexes], NDArray[np.uint8]]


PAIR = np.dtype(
    [
        ("first", np.int64),  # number of a picture
        ("second", np.int64),  # of another one; first < second
        ("kind", np.uint8),  # index into KINDS
        ("likeness", np.float32),  # 0.85 to 1
        ("differ", np.uint8),  # bits in which the hashes differ, one mirrored where that is less
    ]
)
Pairs = NDArray[np.void]


@dataclass(frozen=True)
class Copies:
    """Pairs of pictures that show the same photo, and what was not looked for.

    Of many that have the same pixels or the same hash, each is paired with the first of them.
    """

    pairs: Pairs  # (P,) of PAIR, in order
    notes: tuple[str, ...]  # sentences

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def exact(self) -> "Copies":
        """Those with the same pixels."""
        return Copies(self.pairs[self.pairs["kind"] == EXACT], ())


def _unheard(_done: int, _total: int) -> None: ...


def search(
    digests: NDArray[np.uint8],
    hashes: Hashes,
    greys: Greys,
    part: NDArray[np.int64] | None = None,
    misses: int | None = None,
    tell: Callable[[int, int], None] = _unheard,
) -> Copies:
    """Find copies among N pictures by digests (N, 16) of their bytes and hashes (N,).

    Pictures whose hashes are like are compared themselves, so no pair is here for its hash alone:
    it is ``near`` or ``mirrored`` where they are ``alike``. With ``part`` (N,),
    numbers from 0 to 7, these are looked for across parts only, but for those of one hash.
    The likest hashes come first; after so many ``misses`` (by default 30,000, and one for each 20
    pictures) the others are left out, and ``notes`` says so. ``tell`` gets how many pairs were
    compared, of how many at most.
    """
    same = _first_of(digests)
    alone = np.flatnonzero(same == np.arange(len(same)))
    flat = hashes[alone] == FLAT
    asked, like = _asked(hashes, same, alone[~flat], part)
    allowed = MISSES + len(hashes) // MISSES_EACH if misses is None else misses
    found, reach = _compared(asked, greys, allowed, tell)
    found = np.append(_exact(same), found)
    return Copies(_once(found), _notes(int(flat.sum()), min(reach, like.reach), like.crowded))


def search_exact(digests: NDArray[np.uint8]) -> Copies:
    """Find pictures with the same pixels only, by digests (N, 16), in some 40 bytes each."""
    return Copies(_exact(_first_of(digests)), ())


def greys_of(picture: Callable[[int], NDArray[np.uint8]]) -> Greys:
    """The greys of pictures, uint8 (size, size, 3), that are had by number, one at a time."""

    def greys(numbers: Indexes) -> NDArray[np.uint8]:
        found = np.empty((len(numbers), SMALL, SMALL), np.uint8)
        for place, number in zip(found, numbers.tolist(), strict=True):
            place[:] = small_grey(picture(number))
        return found

    return greys


def clusters(pairs: Pairs) -> list[list[int]]:
    """The pictures that pairs join, directly or through others: each in order, by their first."""
    above: dict[int, int] = {}

    def top(number: int) -> int:
        while (up := above.setdefault(number, number)) != number:
            above[number] = number = above[up]
        return number

    for one, other in zip(pairs["first"].tolist(), pairs["second"].tolist(), strict=True):
        low, high = sorted((top(one), top(other)))
        above[high] = low
    groups: dict[int, list[int]] = {}
    for number in sorted(above):
        groups.setdefault(top(number), []).append(number)
    return list(groups.values())


def leaks(copies: Copies, part: NDArray[np.integer[Any]]) -> list[tuple[int, int]]:
    """Each picture of which a later part holds a copy, with such a copy, in order.

    Parts are 0 train, 1 val, 2 test; the copy is the first one of the last part that holds any, so
    it leaks nowhere itself. Who drops the first of each pair has a set without leaks whose test
    part is what it was, so that error rates can still be compared with those of others; a training
    picture more or less changes little.
    """
    found = []
    # Of many with one hash only the first was compared with others.
    pairs = copies.pairs
    joins = (pairs["differ"] == 0) | (part[pairs["first"]] != part[pairs["second"]])
    for group in clusters(pairs[joins]):
        last = max(group, key=lambda number: (part[number], -number))
        found += [(number, last) for number in group if part[number] < part[last]]
    return sorted(found)


def _asked(
    hashes: Hashes, same: Indexes, alone: Indexes, part: NDArray[np.int64] | None
) -> tuple[Pairs, Near]:
    """Pairs whose hashes are equal or near, of pictures that are ``alone`` with their pixels."""
    either = np.minimum(hashes[alone], hashes[alone] ^ MIRROR_MASK)
    twin = alone[_first_with(either[:, None])]
    heads = alone[twin == alone]
    within = None if part is None else _parts_of(heads, part, same, alone, twin)
    like = near(hashes[heads], max(len(hashes) // 2, LEAST), within)
    first, second = twin[twin != alone], alone[twin != alone]
    twins = _pairs(first, second, _kind(hashes[first] != hashes[second]))
    others = _pairs(heads[like.first], heads[like.second], _kind(like.mirrored), like.differ)
    return np.append(twins, others), like


def _first_of(digests: NDArray[np.uint8]) -> Indexes:
    """For each digest the number of the first that equals it."""
    words = digests.view(np.uint64)
    # Nearly all differ in their first word: only the others need be put in order as a whole.
    ordered = np.sort(words[:, 0])
    twice = np.append(ordered[:-1][ordered[1:] == ordered[:-1]], ordered[-1:])
    maybe = np.flatnonzero(twice[np.searchsorted(twice, words[:, 0])] == words[:, 0])
    first = np.arange(len(words))
    first[maybe] = maybe[_first_with(words[maybe])]
    return first


def _exact(same: Indexes) -> Pairs:
    again = np.flatnonzero(same != np.arange(len(same)))
    return _pairs(same[again], again, EXACT)


def _first_with(keys: Hashes) -> Indexes:
    """For each row of (N, words), the number of the first row that equals it."""
    order = np.lexsort(keys.T)  # stable, so of equal rows the first comes first
    begins = np.ones(len(keys), np.bool_)
    begins[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    first = np.empty(len(keys), np.int64)
    first[order] = order[begins][np.cumsum(begins) - 1]
    return first


def _parts_of(
    heads: Indexes, part: NDArray[np.int64], same: Indexes, alone: Indexes, twin: Indexes
) -> NDArray[np.uint8]:
    """A bit for each part in which pictures of each head's digest or hash lie."""
    bits = np.zeros(len(same), np.uint8)
    np.bitwise_or.at(bits, same, (1 << part).astype(np.uint8))
    np.bitwise_or.at(bits, twin, bits[alone])
    return bits[heads]


def _kind(mirrored: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(mirrored, MIRRORED, NEAR).astype(np.uint8)


def _pairs(first: Indexes, second: Indexes, kind: object, differ: object = 0) -> Pairs:
    pairs = np.ones(len(first), PAIR)
    pairs["first"], pairs["second"], pairs["kind"], pairs["differ"] = first, second, kind, differ
    return pairs


def _compared(
    pairs: Pairs, greys: Greys, misses: int, tell: Callable[[int, int], None]
) -> tuple[Pairs, int]:
    """Those pairs whose pictures are copies, and up to how many bits all were compared."""
    pairs = np.sort(pairs, order=["differ", "first", "second"])
    copies = np.zeros(len(pairs), np.bool_)
    for start in range(0, len(pairs), CHUNK):
        some = pairs[start : start + CHUNK]
        if start - copies.sum() > misses:
            return pairs[copies], int(some["differ"][0]) - 1
        numbers, places = np.unique([some["first"], some["second"]], return_inverse=True)
        one, other = greys(numbers)[places.reshape(2, -1)]
        turned = some["kind"] == MIRRORED
        other[turned] = other[turned, :, ::-1]
        some["likeness"], copies[start : start + CHUNK] = alike(one, other)
        tell(start + len(some), len(pairs))
    return pairs[copies], REACH


def _once(pairs: Pairs) -> Pairs:
    """The pairs in order; of one that is alike both ways, the better way."""
    keys = (pairs["kind"], -pairs["likeness"], pairs["second"], pairs["first"])
    pairs = pairs[np.lexsort(keys)]
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (np.diff(pairs["first"]) != 0) | (np.diff(pairs["second"]) != 0)
    return pairs[new]


def _notes(flat: int, reach: int, crowded: int) -> tuple[str, ...]:
    notes = []
    if flat:
        notes.append(f"Pictures of one colour, which were compared pixel for pixel only: {flat:,}.")
    if reach < REACH:
        notes.append(
            f"Like hashes are so many that only pictures were compared whose hashes differ in up "
            f"to {reach} of 64 bits, not {REACH}: copies that were cut may be missed."
        )
    if crowded:
        notes.append(
            f"Pictures whose hashes are like those of more than {WINDOW} others, of which not all "
            f"were compared: {crowded:,}."
        )
    return tuple(notes)
