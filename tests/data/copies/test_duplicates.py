from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet.data.copies.alike import ALIKE
from alexnet.data.copies.duplicates import (
    KINDS,
    PAIR,
    Copies,
    clusters,
    greys_of,
    leaks,
    search,
    search_exact,
)
from alexnet.data.copies.hashing import perceptual_hash
from alexnet.kernels.pictures import small_grey
from tests.data import copying

PHOTOS = 20


def searched(pictures, **more):
    squares = [copying.pixels(picture) for picture in pictures]
    digests = [np.frombuffer(sha256(s.tobytes()).digest()[:16], np.uint8) for s in squares]
    hashes = np.array([perceptual_hash(small_grey(square)) for square in squares], np.uint64)
    return search(np.array(digests), hashes, greys_of(squares.__getitem__), **more)


def named(copies):
    """(first, second, kind) of each pair."""
    return [(one, other, KINDS[kind]) for one, other, kind, _, _ in copies.pairs.tolist()]


def photos(first=0):
    return [copying.photo(seed) for seed in range(first, first + PHOTOS)]


def test_photos_that_differ_are_no_copies():
    copies = searched(photos())
    assert len(copies) == 0
    assert copies.notes == ()


@pytest.mark.parametrize("copy", [*copying.NEAR, copying.mirrored])
def test_each_kind_of_copy_is_found(copy):
    copies = searched([*photos(), *map(copy, photos())])
    kind = "mirrored" if copy is copying.mirrored else "near"
    assert named(copies) == [(n, PHOTOS + n, kind) for n in range(PHOTOS)]
    assert (copies.pairs["likeness"] >= ALIKE).all()


def test_the_same_pixels():
    copies = searched([*photos(), *photos(PHOTOS - 2)])
    assert named(copies) == [(18, 20, "exact"), (19, 21, "exact")]
    assert copies.pairs["likeness"].tolist() == [1, 1]


def test_of_many_with_the_same_pixels_each_is_paired_with_the_first():
    copies = searched([*photos(), copying.photo(3), copying.mirrored(copying.photo(3))] * 2)
    assert [pair for pair in named(copies) if pair[0] == 3] == [
        (3, 20, "exact"), (3, 21, "mirrored"), (3, 25, "exact"), (3, 42, "exact"),
    ]  # fmt: skip


@given(st.lists(st.integers(0, 5)))
def test_the_same_pixels_by_digest_alone(kinds):
    random = np.random.default_rng(0).integers(0, 256, (6, 16), np.uint8)
    random[1, :8] = random[2, :8]  # the same in their first half only
    found = named(search_exact(random[kinds]))
    firsts = [kinds.index(kind) for kind in kinds]
    assert found == [(n, m, "exact") for m, n in enumerate(firsts) if n != m]


def test_the_exact_ones_among_copies():
    copies = searched([*photos(), copying.photo(3), copying.mirrored(copying.photo(4))])
    assert named(copies.exact) == [(3, 20, "exact")]


def test_like_hashes_alone_are_no_copies():
    random = np.random.default_rng(0)
    digests, greys = (random.integers(0, 256, shape, np.uint8) for shape in ((9, 16), (9, 32, 32)))
    hashes = np.arange(1, 10, dtype=np.uint64)
    assert len(search(digests, hashes, greys.__getitem__)) == 0
    same = np.repeat(greys[:1], 9, axis=0)
    assert len(search(digests, hashes, same.__getitem__)) > 9


def test_one_colour_is_compared_pixel_for_pixel_and_it_is_said():
    flat = [copying.Image.new("RGB", (64, 64), colour) for colour in ("red", "red", "blue")]
    copies = searched([*photos(), *flat])
    assert named(copies) == [(20, 21, "exact")]
    assert copies.notes == ("Pictures of one colour, which were compared pixel for pixel only: 2.",)


def test_across_parts_only():
    pictures = [*photos(), *map(copying.cropped, photos())]
    part = np.zeros(2 * PHOTOS, np.int64)
    part[[0, 1, PHOTOS + 2]] = 2
    copies = searched(pictures, part=part)
    assert [pair[:2] for pair in named(copies)] == [(n, PHOTOS + n) for n in range(3)]


def test_what_was_left_out_for_want_of_time_is_said():
    random = np.random.default_rng(1)
    digests, greys = (random.integers(0, 256, s, np.uint8) for s in ((99, 16), (99, 32, 32)))
    hashes = np.arange(1, 100, dtype=np.uint64)  # alike, but of pictures that are not
    told = []
    copies = search(
        digests, hashes, greys.__getitem__, misses=300, tell=lambda *done: told.append(done)
    )
    assert "in up to" in copies.notes[0]
    assert 300 <= told[-1][0] < told[-1][1]


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing(count):
    none = np.zeros((count, 16), np.uint8), np.ones(count, np.uint64)
    assert len(search(*none, lambda numbers: np.zeros((len(numbers), 32, 32), np.uint8))) == 0


numbers = st.integers(0, 30)


@given(st.lists(st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1])))
def test_clusters_are_what_pairs_join(joined):
    pairs = np.zeros(len(joined), PAIR)
    for pair, (one, other) in zip(pairs, joined, strict=True):
        pair["first"], pair["second"] = min(one, other), max(one, other)
    found = clusters(pairs)
    members = [number for group in found for number in group]
    assert sorted(members) == sorted({number for pair in joined for number in pair})
    assert found == sorted(map(sorted, found))
    group_of = {number: n for n, group in enumerate(found) for number in group}
    assert all(group_of[one] == group_of[other] for one, other in joined)
    for group in found:
        reached = {group[0]}
        for _ in group:
            reached |= {n for pair in joined if reached & set(pair) for n in pair}
        assert reached == set(group)


def copies_of(*rows):
    """(first, second, bits in which hashes differ)."""
    pairs = np.ones(len(rows), PAIR)
    for pair, (pair["first"], pair["second"], pair["differ"]) in zip(pairs, rows, strict=True):
        pair["kind"] = 1
    return Copies(pairs, ())


def test_the_picture_of_the_earlier_part_leaks():
    part = np.array([2, 0, 1, 1, 2, 0])
    assert leaks(copies_of((0, 1, 5), (2, 4, 5)), part) == [(1, 0), (2, 4)]


def test_a_photo_in_three_parts_leaks_twice_and_the_last_part_is_named():
    assert leaks(copies_of((0, 1, 3), (1, 2, 3)), np.array([0, 1, 2])) == [(0, 2), (1, 2)]


@given(st.lists(st.tuples(numbers, numbers, st.integers(0, 16)).filter(lambda p: p[0] < p[1])))
def test_the_copy_that_is_named_leaks_nowhere_itself(rows):
    part = np.random.default_rng(0).choice(3, 31)
    found = dict(leaks(copies_of(*rows), part))
    assert not found.keys() & set(found.values())
    assert all(part[one] < part[other] for one, other in found.items())


def test_copies_within_a_part_leak_nothing():
    assert leaks(copies_of((0, 1, 0), (2, 3, 5)), np.array([0, 0, 1, 1])) == []


def test_those_with_the_hash_of_a_leak_leak_too_but_not_what_is_near_them_only():
    part = np.array([0, 0, 0, 1])
    assert leaks(copies_of((0, 1, 0), (0, 2, 4), (0, 3, 4)), part) == [(0, 3), (1, 3)]


def test_leaks_are_the_same_whether_parts_were_searched_through_or_not():
    kinds = [copying.recompressed, copying.mirrored, copying.cropped, copying.brighter]
    pictures = photos() + [kind(picture) for kind in kinds for picture in photos()]
    part = np.random.default_rng(2).choice(3, len(pictures))
    assert leaks(searched(pictures), part) == leaks(searched(pictures, part=part), part) != []
