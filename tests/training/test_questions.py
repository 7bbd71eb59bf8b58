"""What is asked of a set before training."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alexnet.data.prepare import prepare
from alexnet.errors import UsageError
from alexnet.evaluation import evaluate
from alexnet.model import load_model
from alexnet.training.questions import check_classes, questions
from tests.data.trees import two_classes, write_tree
from tests.sets import write_set
from tests.system import narrow, short_run

CLASSES = ("ant", "bee", "cat")


def image_set(facts: dict[str, Any] | None = None, **counts: tuple[int, ...]) -> Any:
    """A set with so many pictures of each class in its parts."""
    parts = {
        name: SimpleNamespace(labels=np.repeat(np.arange(len(each)), each))
        for name, each in counts.items()
    }
    return SimpleNamespace(
        folder=Path("set"), classes=CLASSES, names=(), parts=parts, facts=facts or {}
    )


def test_a_set_as_sets_are_is_not_questioned() -> None:
    images = image_set(train=(9, 10, 500), val=(1, 1, 50), test=(1, 1, 50))
    check_classes(images)
    assert questions(images) == []


def test_one_class_is_refused() -> None:
    with pytest.raises(UsageError, match="7 training pictures, all of bee: with fewer"):
        check_classes(image_set(train=(0, 7, 0), val=(1, 1, 1)))


def test_a_set_to_evaluate_on_is_not_trained_on() -> None:
    with pytest.raises(UsageError, match="set has no training pictures: networks can be evaluated"):
        check_classes(image_set(val=(1, 1, 1)))


def test_classes_that_differ_between_parts_are_named() -> None:
    val, test = questions(image_set(train=(9, 9, 4), val=(3, 0, 0), test=(0, 2, 1)))
    assert val == "val has no pictures of bee and cat, so nothing is measured."
    assert test == (
        "test has no pictures of ant, so nothing is measured; test has pictures of cat, of which "
        "train has fewer than 5."
    )


def test_classes_of_one_picture_are_named() -> None:
    (found,) = questions(image_set(train=(9, 1, 0)))
    assert found.startswith("2 classes have one training picture or none: bee and cat.")
    (found,) = questions(image_set(train=(9, 1, 9)))
    assert found.startswith("1 class has one training picture or none: bee.")


@pytest.mark.parametrize(("most", "asked"), [(1000, 0), (1001, 1)])
def test_unevenness_is_asked_about_beyond_a_hundred_to_one(most: int, asked: int) -> None:
    found = questions(image_set(train=(10, most, 20)))
    assert len(found) == asked
    assert all("1,001 training pictures of bee, 10 of ant" in text for text in found)


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({}, 0),
        ({"leaks": 0}, 0),
        ({"leaks": 12}, 1),
        ({"leaks": 0, "leaks_dropped": 12}, 0),
        ({"leaks": "x"}, 0),
    ],
)
def test_leaks_that_nobody_dealt_with_are_warned_of(facts: dict[str, Any], asked: int) -> None:
    found = questions(image_set(facts, train=(9, 9, 9), test=(1, 1, 1)))
    assert len(found) == asked
    assert all("12 photos of train or val are in val or test as well" in text for text in found)
    assert all("alexnet prepare --drop-leaks" in text for text in found)


def test_numbers_as_names_and_names_beside_ids() -> None:
    images = image_set(train=(9, 9, 1))
    images.classes, images.names = ("1", "10", "2"), ("one", "ten", "two")
    numbers, rare = questions(images)
    assert "1 has label 0" in numbers
    assert "two (2)" in rare


def test_names_travel_and_questions_are_asked_before_the_first_step(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (15, 64, 64, 3), np.uint8)
    files = [f"{n}.jpg" for n in range(12)]
    parts = {
        "train": (pictures[:12], [0] * 6 + [1] * 5 + [2], files),
        "test": (pictures[12:], [0, 1, 2], files[:3]),
    }
    ids, names = ("n01440764", "n02119789", "n03126707"), ("tench", "kit fox", "crane")
    data = write_set(tmp_path / "data", ids, parts, names=names)
    said: list[str] = []
    run = short_run(data, tmp_path / "run", said, settings={"epochs": 1})
    plan = next(text for text in said if "12 pictures to train" in text)
    assert "1 class has one training picture or none: crane (n03126707)" in plan
    assert "test has pictures of crane (n03126707), of which train has fewer than 5" in plan
    assert load_model(run.folder).names == names
    (found,) = evaluate(run.folder, views=1, say=said.append, quiet=True)
    assert found.named == ("tench (n01440764)", "kit fox (n02119789)", "crane (n03126707)")


def test_training_on_one_class_is_refused_and_leaves_no_run(tmp_path: Path) -> None:
    pictures = np.zeros((9, 64, 64, 3), np.uint8)
    data = write_set(
        tmp_path / "data", ("a", "b"), {"train": (pictures, [1] * 9, list("abcdefghi"))}
    )
    with pytest.raises(UsageError, match="9 training pictures, all of b: with fewer than two"):
        short_run(data, tmp_path / "run", layers=narrow(2))
    assert not (tmp_path / "run").exists()


def test_a_run_is_evaluated_on_a_set_without_training_pictures(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), np.uint8)
    parts = {"train": (pictures, [0] * 6 + [1] * 6, [f"{n}.jpg" for n in range(12)])}
    data = write_set(tmp_path / "data", ("cat", "dog"), parts)
    run = short_run(data, tmp_path / "run", layers=narrow(2), settings={"epochs": 1})
    photos = write_tree(tmp_path / "photos", two_classes(3, "val/"))
    other = prepare(photos, tmp_path / "val", size=64, workers=1).folder
    (found,) = evaluate(run.folder, data=other, views=1, quiet=True)
    assert (found.part, len(found.labels)) == ("val", 6)
    with pytest.raises(UsageError, match="has no training pictures"):
        short_run(other, tmp_path / "second")
