"""An error that labels in another order explain, and errors that are nothing but errors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet.doubt import doubt

Labels = NDArray[np.int64]


def answers_of(labels: Labels, classes: int, accuracy: float, seed: int = 0) -> Labels:
    """Answers of a network that is right so often, else says any class."""
    random = np.random.default_rng(seed)
    guesses = random.integers(0, classes, len(labels))
    return np.where(random.random(len(labels)) < accuracy, labels, guesses)


def asked(labels: Labels, answers: Labels, classes: int) -> str:
    return doubt(labels, answers, [f"name {n}" for n in range(classes)], "run", "set")


def labels_of(classes: int, each: int) -> Labels:
    return np.repeat(np.arange(classes), each)


@pytest.mark.parametrize(
    ("classes", "each", "accuracy"),
    [(2, 200, 0.4), (10, 10, 0.4), (10, 100, 0.1), (100, 10, 0.08), (1000, 5, 0.02)],
)
def test_a_poor_network_is_not_doubted(classes: int, each: int, accuracy: float) -> None:
    labels = labels_of(classes, each)
    for seed in range(20):
        assert asked(labels, answers_of(labels, classes, accuracy, seed), classes) == ""


@pytest.mark.parametrize(("classes", "each"), [(2, 60), (10, 40), (100, 10), (1000, 2)])
def test_guesses_are_called_so(classes: int, each: int) -> None:
    labels = labels_of(classes, each)
    found = asked(labels, answers_of(labels, classes, 0.0, seed=1), classes)
    assert f"guessing among {classes:,} classes can give as many" in found


def test_one_answer_to_all_is_a_guess() -> None:
    labels = labels_of(10, 20)
    assert "20 of 200 pictures are named rightly" in asked(labels, np.full_like(labels, 3), 10)


@pytest.mark.parametrize(("classes", "each"), [(2, 60), (10, 20), (1000, 10)])
def test_labels_in_another_order_are_found_and_shown(classes: int, each: int) -> None:
    labels = labels_of(classes, each)
    found = asked(labels, (answers_of(labels, classes, 0.9) + 1) % classes, classes)
    assert "yet the answers are no guesses" in found
    assert "is called name" in found


def test_a_few_classes_of_many_in_another_order_are_found_too() -> None:
    labels = labels_of(10, 30) * 100
    assert "yet the answers are no guesses" in asked(labels, labels + 1, 1000)


def test_below_a_hundred_pictures_chance_explains_all() -> None:
    labels = labels_of(3, 33)
    assert asked(labels, (labels + 1) % 3, 3) == ""
