"""Random numbers against Philox written out here, and against values that must never change."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.randomness import generator

WORD = 2**64 - 1


def philox(key: tuple[int, int], counter: tuple[int, ...]) -> list[int]:
    """Philox 4x64-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011)."""
    (a, b, c, d), (low, high) = counter, key
    for _ in range(10):
        one, two = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b, c, d = (two >> 64) ^ b ^ low, two & WORD, (one >> 64) ^ d ^ high, one & WORD
        low, high = (low + 0x9E3779B97F4A7C15) & WORD, (high + 0xBB67AE8584CAA73B) & WORD
    return [a, b, c, d]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**63 - 1),
    st.sampled_from(["order", "view", "dropout drop6", "start conv1"]),
    st.lists(st.integers(0, 2**40), max_size=3),
)
def test_the_numbers_are_philox_of_seed_purpose_and_counters(
    seed: int, purpose: str, counters: list[int]
) -> None:
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    key = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
    upper = (*counters, 0, 0, 0)[:3]
    # numpy counts up before the first block; blocks count in the lowest word only.
    expected = [*philox(key, (1, *upper)), *philox(key, (2, *upper))]
    assert generator(seed, purpose, *counters).bit_generator.random_raw(8).tolist() == expected


def test_every_argument_makes_another_stream() -> None:
    calls = [
        (0, "view", 0, 0),
        (1, "view", 0, 0),
        (0, "views", 0, 0),
        (0, "view", 1, 0),
        (0, "view", 0, 1),
        (10, "view", 0, 0),
    ]
    numbers = np.stack([generator(*call).random(4000) for call in calls])
    between = np.corrcoef(numbers) - np.eye(len(calls))
    assert np.abs(between).max() < 5 / np.sqrt(4000)


def test_neighbouring_pictures_are_independent() -> None:
    first = np.array([generator(0, "view", 0, image).random() for image in range(4000)])
    assert first.mean() == pytest.approx(0.5, abs=5 * np.sqrt(1 / 12 / 4000))
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 5 / np.sqrt(4000)


def test_one_draw_does_not_touch_another() -> None:
    one, other = generator(3, "order", 1), generator(3, "order", 1)
    generator(3, "order", 1).random(100)
    assert one.random() == other.random()


def test_known_values() -> None:
    """So that results do not change silently between versions of ours, or of numpy."""
    assert generator(0, "order", 1).permutation(8).tolist() == [0, 3, 6, 2, 5, 1, 7, 4]
    assert generator(7, "view", 2, 5).integers(0, 33, 4).tolist() == [23, 29, 10, 9]
    assert generator(7, "view", 2, 5).random(2).tolist() == [
        0.8852620932069011,
        0.28170425172563407,
    ]
    normal = [0.13567916910401645, 0.7442552465068085, -0.3575977800537741]
    assert generator(7, "view", 2, 5).standard_normal(3).tolist() == pytest.approx(
        normal, rel=1e-14
    )
    start = generator(0, "start conv1").standard_normal(3, dtype="float32")
    assert start.tolist() == pytest.approx([1.4393551, 1.3704169, -0.74718446], rel=1e-6)


def test_at_most_three_counters() -> None:
    with pytest.raises(ValueError, match="could not broadcast"):
        generator(0, "view", 1, 2, 3, 4)
