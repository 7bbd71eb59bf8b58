"""Normal numbers made from words, against numpy's."""

import numpy as np

from alexnet.philox import blocks
from alexnet.ziggurat import normals, tables


def test_two_hundred_thousand_normals_of_all_layers_are_numpys() -> None:
    """Of each generator the first four, up to the first that is not one word's."""
    key, count = np.array([7, 8], np.uint64), 50_000
    counters = np.zeros((count, 4), np.uint64)
    counters[:, 0], counters[:, 1] = 1, np.arange(count)
    words = blocks(key, counters)
    found, good = normals(words)
    compared = good.cumprod(1).astype(bool)
    numpys = np.stack([_first_four(key, number) for number in range(count)])
    np.testing.assert_array_equal(found[compared], numpys[compared])
    assert compared.sum() > 190_000
    assert len(np.unique(words[compared] & np.uint64(255))) == 255  # the topmost has no inside


def _first_four(key: np.ndarray, number: int) -> np.ndarray:
    random = np.random.Philox(key=key, counter=[0, number, 0, 0])
    return np.random.Generator(random).standard_normal(4)


def test_of_a_hundred_words_one_or_two_are_not_numbers_by_themselves() -> None:
    _, good = normals(np.random.Philox(key=5).random_raw(100_000))
    assert 0.985 < good.mean() < 0.99


def test_layers_become_narrower_towards_the_top() -> None:
    steps, within = tables()
    assert (np.diff(steps[1:]) > 0).all()
    assert within[1] == 0
    assert within.max() < 2**52
