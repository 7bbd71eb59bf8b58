"""Metrics against loops written from their definitions and against published values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alexnet import metrics
from alexnet.errors import AlexNetError


def case(seed: int, images: int, classes: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    # Few levels, so that ties are many.
    return random.integers(0, 4, (images, classes)).astype(np.float32), random.integers(
        0, classes, images
    )


@given(st.integers(0, 999), st.integers(1, 30), st.integers(1, 8), st.integers(1, 9))
def test_top_k_error_is_what_a_loop_counts(seed: int, images: int, classes: int, k: int) -> None:
    probabilities, labels = case(seed, images, classes)
    wrong = 0
    for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
        rivals = [c for c in range(classes) if c != label and row[c] >= row[label]]
        wrong += len(rivals) >= k
    assert metrics.top_k_error(probabilities, labels, k) == wrong / images


def test_ties_do_not_flatter() -> None:
    alike = np.full((6, 10), 0.1, np.float32)
    labels = np.arange(6)
    assert metrics.top_k_error(alike, labels, 1) == 1
    assert metrics.top_k_error(alike, labels, 9) == 1
    assert metrics.top_k_error(alike, labels, 10) == 0


@pytest.mark.parametrize(("classes", "k"), [(1, 1), (2, 1), (3, 2), (5, 4), (6, 5), (1000, 5)])
def test_k_is_five_or_as_many_as_can_fail(classes: int, k: int) -> None:
    assert metrics.k_of(classes) == k


def test_nan_and_foreign_labels_are_sentences() -> None:
    probabilities = np.full((3, 2), 0.5)
    probabilities[1, 1] = np.nan
    with pytest.raises(AlexNetError, match="NaN as probabilities of 1 of 3 images"):
        metrics.top_k_error(probabilities, np.zeros(3, np.int64))
    for labels in ([0, 2], [-1, 0], [0]):
        with pytest.raises(AlexNetError, match="do not fit 2 images of 2 classes"):
            metrics.places(np.full((2, 2), 0.5), np.array(labels))


@given(st.integers(0, 999), st.integers(0, 30), st.integers(1, 6))
def test_confusion_is_what_a_loop_counts(seed: int, images: int, classes: int) -> None:
    labels, predicted = np.random.default_rng(seed).integers(0, classes, (2, images))
    expected = np.zeros((classes, classes), np.int64)
    for label, answer in zip(labels, predicted, strict=True):
        expected[label, answer] += 1
    np.testing.assert_array_equal(metrics.confusion(labels, predicted, classes), expected)


@given(st.integers(0, 999), st.integers(1, 30), st.integers(1, 6))
def test_class_accuracies_are_what_a_loop_counts(seed: int, images: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    labels, right = random.integers(0, classes, images), random.random(images) < 0.5
    accuracies, counts = metrics.class_accuracies(labels, right, classes)
    known = []
    for n in range(classes):
        mine = [bool(right[i]) for i in range(images) if labels[i] == n]
        assert counts[n] == len(mine)
        if mine:
            known.append(sum(mine) / len(mine))
            assert accuracies[n] == known[-1]
        else:
            assert math.isnan(accuracies[n])
    mean, absent = metrics.mean_class_accuracy(accuracies)
    assert mean == pytest.approx(sum(known) / len(known))
    assert absent == classes - len(known)
    low, high = metrics.mean_class_interval(accuracies, counts)
    assert 0 <= low <= mean <= high <= 1


def test_the_mean_over_classes_is_not_the_mean_over_images() -> None:
    labels = np.array([0] * 9 + [1])
    accuracies, _ = metrics.class_accuracies(labels, labels == 0, 3)
    assert metrics.mean_class_accuracy(accuracies) == (0.5, 1)
    with pytest.raises(AlexNetError, match="no images"):
        metrics.mean_class_accuracy(np.full(3, np.nan))


@pytest.mark.parametrize(
    ("hits", "images", "low", "high"),
    [  # Newcombe, Statistics in Medicine 1998, table I (method 3), and textbook values
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_interval_has_the_published_values(
    hits: int, images: int, low: float, high: float
) -> None:
    assert metrics.wilson_interval(hits, images) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_of_nothing_is_all() -> None:
    assert metrics.wilson_interval(0, 0) == (0.0, 1.0)


def test_mean_class_interval_covers_in_19_of_20_cases() -> None:
    random, truth, counts = np.random.default_rng(1), np.linspace(0.1, 0.99, 40), np.full(40, 12)
    covered = 0
    for _ in range(2000):
        low, high = metrics.mean_class_interval(random.binomial(12, truth) / 12, counts)
        covered += low <= truth.mean() <= high
    assert 0.94 < covered / 2000 < 0.98


def test_few_images_all_right_do_not_look_certain() -> None:
    low, high = metrics.mean_class_interval(np.ones(10), np.ones(10, np.int64))
    assert low < 0.75
    assert high == 1
