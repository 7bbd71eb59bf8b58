import numpy as np
import pytest

from alexnet.data import statistics as module
from alexnet.data.statistics import principal_axes, statistics


@pytest.fixture
def pictures():
    generator = np.random.default_rng(3)
    mixed = generator.normal(size=(70, 16, 16, 3)) @ [[40, 30, 20], [0, 25, -5], [0, 0, 9]]
    return (mixed + np.array([120, 110, 100])).clip(0, 255).astype(np.uint8)


def test_against_numpy_in_one_go(pictures):
    found = statistics(pictures)
    pixels = pictures.reshape(-1, 3).astype(np.float64)
    covariance = np.cov(pixels / 255, rowvar=False, bias=True)
    np.testing.assert_array_equal(found.mean, pictures.mean(axis=0).astype(np.float32))
    np.testing.assert_allclose(found.channel_means, pixels.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(
        found.axes @ np.diag(found.eigenvalues) @ found.axes.T, covariance, atol=1e-15
    )
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(3), atol=1e-14)
    assert found.mean.dtype == np.float32
    assert found.mean.shape == (16, 16, 3)


def test_no_bit_depends_on_the_order(pictures, monkeypatch):
    found = statistics(pictures)
    monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr(module, "CHUNK", 100)
    other = statistics(pictures[::-1])
    for name in ("mean", "channel_means", "eigenvalues", "axes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(other, name))


def test_each_picture_is_handed_on_once_in_order(pictures):
    seen = []
    statistics(pictures, seen.append)
    np.testing.assert_array_equal(np.concatenate(seen), pictures)


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


def test_white_pictures_do_not_overflow():
    white = np.full((40, 64, 64, 3), 255, np.uint8)
    found = statistics(white)
    np.testing.assert_array_equal(found.channel_means, [255, 255, 255])
    np.testing.assert_array_equal(found.eigenvalues, [0, 0, 0])
