import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.preparing.blocks import Square, make_block
from alexnet.data.preparing.catalogue import Catalogue
from alexnet.data.preparing.statistics import measured, of_sums, principal_axes
from alexnet.data.shards import Shards


def moments(pictures):
    """Sums of R, G, B, RR, GG, BB, RG, RB, GB over all pixels, in whole numbers."""
    red, green, blue = pictures.reshape(-1, 3).astype(np.int64).T
    products = ((red, red), (green, green), (blue, blue), (red, green), (red, blue), (green, blue))
    return np.array([red.sum(), green.sum(), blue.sum(), *(a @ b for a, b in products)])


def statistics(pictures):
    return of_sums(len(pictures), pictures.astype(np.int64).sum(axis=0), moments(pictures))


def check(found, pictures):
    """Against what numpy says in one go."""
    pixels = pictures.reshape(-1, 3).astype(np.float64)
    covariance = np.cov(pixels / 255, rowvar=False, bias=True)
    np.testing.assert_array_equal(found.mean, pictures.mean(axis=0).astype(np.float32))
    np.testing.assert_allclose(found.channel_means, pixels.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(
        found.axes @ np.diag(found.eigenvalues) @ found.axes.T, covariance, atol=1e-14
    )
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(3), atol=1e-14)
    assert list(found.eigenvalues) == sorted(found.eigenvalues, reverse=True)
    assert (found.mean.dtype, found.mean.shape) == (np.float32, pictures.shape[1:])


def noise(n, size=16, seed=3):
    generator = np.random.default_rng(seed)
    mixed = generator.normal(size=(n, size, size, 3)) @ [[40, 30, 20], [0, 25, -5], [0, 0, 9]]
    return (mixed + np.array([120, 110, 100])).clip(0, 255).astype(np.uint8)


def test_against_numpy_in_one_go():
    check(statistics(noise(70)), noise(70))


MOST, SIZE = 4, 8
# What became of a picture of a block: that the workers counted it or did not, and its part now.
FATES = st.sampled_from(
    [("train", "train"), ("train", "val"), ("train", "test"), ("train", ""), ("val", "val"), None]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(FATES, min_size=1, max_size=3 * MOST))
def test_whatever_left_the_training_part_is_not_in_them(folder, fates):
    fates = [("train", "train"), *fates]
    pictures, catalogue = noise(len(fates), SIZE), Catalogue()
    for number in range(0, -(-len(fates) // MOST)):
        some = range(number * MOST, min(len(fates), (number + 1) * MOST))
        items = [pictures[i] if fates[i] else "rejected" for i in some]
        counted = [fates[i] is not None and fates[i][0] == "train" for i in some]
        square = Square(SIZE, "crop", "bicubic", True)
        make_block(folder, number, items, counted, square, lambda _: None)
        kept = [fates[i] for i in some if fates[i]]
        catalogue.add_pictures(
            (number * MOST + place, *fate, b"", b"", b"", 1, 1, 0, 1)
            for place, fate in enumerate(kept)
        )
    counts = np.full(3 * MOST, MOST, np.int32)
    found = measured(catalogue, Shards(folder, counts, MOST, SIZE))
    check(found, pictures[[fate is not None and fate[1] == "train" for fate in fates]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("statistics")
    for name in ("pictures", "blocks"):
        (folder / name).mkdir()
    return folder


def test_largest_first_and_the_sign_is_fixed():
    values, axes = principal_axes(np.diag([1.0, 3.0, 2.0]))
    np.testing.assert_allclose(values, [3, 2, 1])
    np.testing.assert_allclose(axes, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    for seed in range(20):
        root = np.random.default_rng(seed).normal(size=(3, 3))
        _, axes = principal_axes(root @ root.T)
        assert (axes[np.abs(axes).argmax(axis=0), range(3)] > 0).all()


def test_grey_pictures_have_no_negative_variance():
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), 3, axis=3)
    found = statistics(grey)
    assert found.eigenvalues.min() >= 0
    np.testing.assert_allclose(found.axes[:, 0], np.full(3, 3**-0.5))


def test_sums_of_fifteen_million_white_pictures_do_not_overflow():
    n, size = 15_000_000, 256
    pixels = n * size**2
    sums = np.full((size, size, 3), 255 * n, np.int64)
    found = of_sums(n, sums, np.array([255 * pixels] * 3 + [255**2 * pixels] * 6))
    np.testing.assert_array_equal(found.channel_means, [255, 255, 255])
    np.testing.assert_array_equal(found.eigenvalues, [0, 0, 0])
    assert (found.mean == 255).all()
