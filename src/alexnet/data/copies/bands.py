"""Pairs of hashes that differ in few bits, mirrored or not, without looking at all pairs.

Multi-index hashing (Norouzi, Punjani and Fleet 2012): of two hashes that differ in fewer bits than
they have bands, some bands are equal. So hashes are sorted by each choice of bands in turn, and
only neighbours in that order are compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from alexnet.data.copies.hashing import BANDS, BITS, MIRROR_MASK

REACH = 16  # bits of 64 in which copies may differ; beyond, other photos are too many
CROWD = 64  # hashes with the same key by chance, at which a key gets one more band
WINDOW = 512  # neighbours at most that a hash is compared with, for each choice of bands
WIDTH = BITS // BANDS  # bits of a band
BAND = (1 << WIDTH) - 1
PLACE = 40  # bits of an index beside its key, in what is sorted
BLOCK = 1 << 14  # hashes that are compared in one go, few enough for the processor's cache

Hashes = NDArray[np.uint64]
Indexes = NDArray[np.int64]


@dataclass(frozen=True)
class Near:
    """Pairs of hashes, by index, in the order of ``first`` and ``second``; first < second."""

    first: Indexes
    second: Indexes
    mirrored: NDArray[np.bool_]  # whether the one is near the other's mirror image
    differ: NDArray[np.uint8]  # in how many bits
    reach: int  # bits; pairs that differ in more are not here
    crowded: int  # hashes whose keys are so common that not all neighbours were compared


def near(hashes: Hashes, most: int, parts: NDArray[np.uint8] | None = None) -> Near:
    """Pairs of different hashes (N,) that differ in few bits; at most ``most`` of them.

    Where there are more, those that differ most are left out, and ``reach`` says from where on.
    ``parts`` (N,) has a bit for each part that a hash occurs in: pairs within one part are skipped.
    Pairs within ``guaranteed(N)`` bits are found for sure, of those with more bits most.
    Time and memory grow as N, but for a step at each further band of a key.
    """
    found, held, reach = [_Pairs.none()], 0, REACH
    crowded = np.zeros(len(hashes), np.bool_)
    for bands in combinations(range(BANDS), _width(len(hashes))):
        for first, second, mirrored, differ in _neighbours(hashes, bands, reach, crowded):
            asked = (differ <= reach) & _across(parts, first, second)
            code = 2 * (first * len(hashes) + second) + mirrored
            found.append(_Pairs(code[asked], differ[asked]))
            held += len(found[-1].code)
            if held > 2 * most:
                kept, reach = _Pairs.once(found).closest(most, reach)
                found, held = [kept], len(kept.code)
    kept, reach = _Pairs.once(found).closest(most, reach)
    pair, mirrored = np.divmod(kept.code, 2)
    first, second = np.divmod(pair, max(len(hashes), 1))
    return Near(first, second, mirrored == 1, kept.differ, reach, int(crowded.sum()))


def guaranteed(count: int) -> int:
    """In how many bits the hashes of ``count`` pictures may differ and are found for sure."""
    return BANDS - _width(count)


def bits(hashes: Hashes) -> NDArray[np.uint8]:
    """How many bits are set in each."""
    if hasattr(np, "bitwise_count"):  # numpy 2
        counted: NDArray[np.uint8] = np.bitwise_count(hashes)
        return counted
    words = _BITS_OF_16[hashes.view(np.uint16).reshape(*hashes.shape, 4)]
    summed: NDArray[np.uint8] = words.sum(axis=-1, dtype=np.uint8)
    return summed


_BITS_OF_16 = np.unpackbits(np.arange(1 << 16, dtype="<u2").view(np.uint8)).reshape(-1, 16).sum(1)


def _width(count: int) -> int:
    """Bands of a key: so many that few pictures share one by chance. One bit is the mirror's."""
    return next(n for n in range(1, BANDS) if count <= CROWD << (n * WIDTH - 1))


def _across(parts: NDArray[np.uint8] | None, first: Indexes, second: Indexes) -> NDArray[np.bool_]:
    """Whether a pair together occurs in more than one part; True where parts do not matter."""
    if parts is None:
        return np.ones(len(first), np.bool_)
    both = parts[first] | parts[second]
    several: NDArray[np.bool_] = (both & (both - 1)) != 0
    return several


@dataclass(frozen=True)
class _Pairs:
    """Coded as 2 (first N + second) + mirrored, with the bits in which they differ."""

    code: Indexes
    differ: NDArray[np.uint8]

    @staticmethod
    def none() -> "_Pairs":
        return _Pairs(np.empty(0, np.int64), np.empty(0, np.uint8))

    def within(self, reach: int) -> "_Pairs":
        kept = self.differ <= reach
        return _Pairs(self.code[kept], self.differ[kept])

    @staticmethod
    def once(found: Sequence["_Pairs"]) -> "_Pairs":
        code, places = np.unique(np.concatenate([some.code for some in found]), return_index=True)
        return _Pairs(code, np.concatenate([some.differ for some in found])[places])

    def closest(self, most: int, reach: int) -> tuple["_Pairs", int]:
        """Those within the largest reach at which there are at most ``most``."""
        counts = np.cumsum(np.bincount(self.differ, minlength=reach + 1))
        reach = min(reach, int(np.searchsorted(counts, most, side="right")) - 1)
        return self.within(reach), reach


def _neighbours(
    hashes: Hashes, bands: tuple[int, ...], reach: int, crowded: NDArray[np.bool_]
) -> Iterator[tuple[Indexes, Indexes, NDArray[np.bool_], NDArray[np.uint8]]]:
    """Pairs that agree in all of these bands, as they are or with one of them mirrored.

    First, second, whether mirrored, in how many bits they differ.
    """
    turned = _turned(hashes, bands)
    key, index = _in_order(turned, bands)
    ordered = turned[index]
    ends = np.flatnonzero(np.diff(key, append=key[-1:] + np.uint64(1)))
    following = ends[np.searchsorted(ends, np.arange(len(key)))] - np.arange(len(key))
    crowded[index[following > WINDOW]] = True
    for start in range(0, len(key), BLOCK):
        for one, step in _close(ordered, following, start, reach):
            low, high = np.sort([index[one], index[one + step]], axis=0)
            mirrored = (turned[low] != hashes[low]) != (turned[high] != hashes[high])
            yield low, high, mirrored, bits(turned[low] ^ turned[high])


def _close(
    ordered: Hashes, following: Indexes, start: int, reach: int
) -> Iterator[tuple[Indexes, int]]:
    """Places of a block whose hash is within reach of that so many steps on, of the same key."""
    stop = min(start + BLOCK, len(ordered))
    for step in range(1, min(WINDOW, int(following[start:stop].max())) + 1):
        last = min(stop, len(ordered) - step)
        # Slices, though keys may differ: faster than to gather those whose keys are equal.
        apart = bits(ordered[start:last] ^ ordered[start + step : last + step])
        found = start + np.flatnonzero(apart <= reach)
        found = found[following[found] >= step]
        if len(found):
            yield found, step


def _turned(hashes: Hashes, bands: tuple[int, ...]) -> Hashes:
    """Of each hash and its mirror image the one that lacks a certain bit of these bands."""
    mask = sum(BAND << band * WIDTH for band in bands) & int(MIRROR_MASK)
    return np.where(hashes & np.uint64(mask & -mask), hashes ^ MIRROR_MASK, hashes)


def _in_order(hashes: Hashes, bands: tuple[int, ...]) -> tuple[Hashes, Indexes]:
    """The keys in order, and the index of each one's hash."""
    key = np.zeros_like(hashes)
    for band in bands:
        key = key << np.uint64(WIDTH) | hashes >> np.uint64(band * WIDTH) & np.uint64(BAND)
    # One sort of whole numbers is several times as fast as sorting indexes by a key.
    both = np.sort(key << np.uint64(PLACE) | np.arange(len(hashes), dtype=np.uint64))
    return both >> np.uint64(PLACE), (both & np.uint64((1 << PLACE) - 1)).astype(np.int64)
