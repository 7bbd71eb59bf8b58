import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.copies import bands
from alexnet.data.copies.bands import REACH, WINDOW, bits, guaranteed, near
from alexnet.data.copies.hashing import MIRROR_MASK

MANY = 10**6


def random_hashes(seed, count):
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def flipped(hash_, places):
    for place in places:
        hash_ ^= np.uint64(1) << np.uint64(place)
    return hash_


def pairs_of(found):
    return {
        (int(one), int(other), bool(mirrored)): int(differ)
        for one, other, mirrored, differ in zip(
            found.first, found.second, found.mirrored, found.differ, strict=True
        )
    }


def all_pairs(hashes, reach):
    """By looking at each pair."""
    found = {}
    for mirrored, mask in enumerate((np.uint64(0), MIRROR_MASK)):
        apart = bits(hashes[:, None] ^ hashes ^ mask)
        for one, other in np.argwhere(apart <= reach):
            if one < other:
                found[int(one), int(other), bool(mirrored)] = int(apart[one, other])
    return found


@pytest.mark.parametrize("width", [1, 2, 3])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_near_pairs_are_found_and_nothing_else(width, data):
    hashes = random_hashes(data.draw(st.integers(0, 2**32)), 40)
    places = st.lists(st.integers(0, 63), max_size=8)
    for number in range(20):
        mask = data.draw(st.sampled_from([np.uint64(0), MIRROR_MASK]))
        hashes[20 + number] = flipped(hashes[number] ^ mask, data.draw(places))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "_width", lambda count: width)
        found, sure = pairs_of(near(hashes, MANY)), guaranteed(len(hashes))
    assert all_pairs(hashes, sure).items() <= found.items() <= all_pairs(hashes, REACH).items()


def test_pairs_come_in_order():
    found = near(random_hashes(0, 5000), MANY)
    code = found.first * 5000 + found.second
    assert len(found.first) > 10
    assert (np.diff(code) >= 0).all()
    assert (found.first < found.second).all()


def test_few_bits_are_found_for_sure_however_many_there_are():
    assert [guaranteed(n) for n in (10, 10_000, 1_281_167, 14_197_122)] == [7, 6, 6, 5]


@pytest.mark.parametrize("most", [0, 1, 5, 100])
def test_of_too_many_pairs_the_nearest_are_kept(most):
    hashes = random_hashes(1, 8000)
    every, found = pairs_of(near(hashes, MANY)), near(hashes, most)
    assert len(found.first) <= most < len(every)
    kept = {pair: differ for pair, differ in every.items() if differ <= found.reach}
    assert pairs_of(found) == kept
    assert sum(differ <= found.reach + 1 for differ in every.values()) > most


def test_pairs_within_one_part_are_left_out():
    hashes = np.repeat(random_hashes(2, 4), 3) ^ np.tile(np.arange(3, dtype=np.uint64), 4)
    parts = np.array([1, 1, 2] * 3 + [3, 1, 1], np.uint8)  # the last group's first is in both
    found = pairs_of(near(hashes, MANY, parts))
    assert {(one, other) for one, other, _ in found} == {
        *((3 * g + a, 3 * g + 2) for g in range(3) for a in range(2)), (9, 10), (9, 11),
    }  # fmt: skip


def test_hashes_that_are_all_alike_take_no_endless_time_and_it_is_said():
    alike = np.arange(WINDOW + 200, dtype=np.uint64) << np.uint64(40)
    found = near(alike, MANY)
    assert found.crowded > 0
    assert len(found.first) <= WINDOW * len(alike)
    assert near(random_hashes(3, 2000), MANY).crowded == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing(count):
    assert len(near(random_hashes(4, count), MANY).first) == 0


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_bits_are_counted_without_numpy_2_as_well(numbers):
    hashes = np.array(numbers, np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(np, "bitwise_count", raising=False)
        counted = bits(hashes)
    assert counted.tolist() == [number.bit_count() for number in numbers]
    assert bits(hashes).tolist() == counted.tolist()
