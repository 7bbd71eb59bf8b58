"""Numbers of many Philox generators at once, against numpy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alexnet.philox import blocks, doubles

WORD = st.integers(0, 2**64 - 1)


@given(st.tuples(WORD, WORD), st.lists(st.tuples(WORD, WORD, WORD, WORD), min_size=1, max_size=9))
def test_blocks_are_those_that_numpy_makes_after_counting(
    key: tuple[int, int], counters: list[tuple[int, int, int, int]]
) -> None:
    keys = np.array(key, np.uint64)
    found = blocks(keys, np.array(counters, np.uint64))
    for block, counter in zip(found, counters, strict=True):
        whole = sum(word << 64 * place for place, word in enumerate(counter))
        before = np.random.Philox(key=keys, counter=(whole - 1) % 2**256)
        np.testing.assert_array_equal(block, before.random_raw(4))


def test_doubles_are_numpys() -> None:
    own, numpys = (np.random.Philox(key=3) for _ in range(2))
    found = doubles(own.random_raw(1000))
    np.testing.assert_array_equal(found, np.random.Generator(numpys).random(1000))
