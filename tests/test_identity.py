"""Classes of models and sets: matched by what they are called, and explained where they cannot."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet import identity
from alexnet.data.sources.known.ilsvrc_names import known_names
from alexnet.errors import AlexNetError
from alexnet.identity import matched
from tests.tiny import tiny_model

ILSVRC = tuple(sorted(known_names()))
NAMES = tuple(known_names()[one] for one in ILSVRC)
TENCH, GOLDFISH, SHARK = ILSVRC[:3]
KIT_FOX = "n02119789"


def side(classes: tuple[str, ...], names: tuple[str, ...] = ()) -> Any:
    """As much of a model, or of a set, as says what its classes are."""
    return SimpleNamespace(classes=classes, names=names, folder=Path("set"))


def match(model: Any, images: Any, **options: bool) -> tuple[list[int], tuple[str, ...]]:
    found = matched(model, Path("run"), images, **options)
    return found.labels.tolist(), found.notes


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True), st.data())
def test_each_class_gets_the_label_of_its_own_name(classes: list[str], data: st.DataObject) -> None:
    some = data.draw(st.lists(st.sampled_from(classes), min_size=1, unique=True))
    labels, _ = match(side(tuple(classes)), side(tuple(some)))
    assert [classes[label] for label in labels] == some


def test_nothing_is_said_of_the_same_classes_in_the_same_order() -> None:
    model = tiny_model(("ant", "bee", "cat"))
    assert match(model, side(("ant", "bee", "cat"))) == ([0, 1, 2], ())


def test_another_order_and_fewer_classes_are_said_once() -> None:
    model = side(("ant", "bee", "cat"))
    labels, notes = match(model, side(("cat", "ant", "bee")))
    assert labels == [2, 0, 1]
    assert notes == (
        "The classes of set are those of run in another order; they are matched by name.",
    )
    labels, notes = match(side(ILSVRC), side((GOLDFISH, KIT_FOX)))
    assert labels == [1, ILSVRC.index(KIT_FOX)]
    (note,) = notes
    assert "set has 2 of the 1,000 classes of run" in note


def test_words_are_matched_by_the_names_of_ids_on_either_side() -> None:
    ids, words = (TENCH, GOLDFISH), ("tench", "goldfish")
    assert match(side(ids, words), side(words[::-1]))[0] == [1, 0]
    assert match(side(words), side(ids[::-1], words[::-1]))[0] == [1, 0]
    labels, notes = match(side(("a", "b"), words), side(("1", "2"), words[::-1]))
    assert labels == [1, 0]
    assert "by the names that both have for their ids" in notes[0]


def test_ids_of_imagenet_have_names_even_where_nobody_gave_any() -> None:
    labels, notes = match(side(ILSVRC), side(("great white shark", "tench")))
    assert labels == [2, 0]
    assert "by the names that run has for its ids" in notes[0]
    assert match(side(("goldfish", "tench")), side((TENCH, GOLDFISH)))[0] == [1, 0]


def test_two_ids_are_two_classes_though_they_are_called_alike() -> None:
    with pytest.raises(AlexNetError, match="classes that it never learned"):
        match(side((TENCH, "n02012849"), ("tench", "crane")), side(("n03126707",), ("crane",)))


def test_names_that_two_classes_share_match_nothing() -> None:
    with pytest.raises(AlexNetError, match="1 of 1 class of set are unknown"):
        match(side(("a", "b"), ("crane", "crane")), side(("crane",)))


def test_numbers_that_agree_may_still_count_otherwise() -> None:
    digits = tuple(map(str, range(10)))
    assert match(side(digits), side(digits)) == (list(range(10)), ())
    _, notes = match(side(digits), side(digits[1:]))
    assert "cannot be checked" in notes[-1]
    thousand = tuple(map(str, range(1, 1001)))
    assert "cannot be checked" in match(side(thousand), side(thousand))[1][-1]
    assert match(side(thousand), side(thousand), own=True)[1] == ()


@pytest.mark.parametrize(
    ("model", "images", "sentence"),
    [
        (
            side(("ant", "bee", "cat")), side(("ant", "yak")),
            r"1 of 2 classes of set are unknown to run \(yak; it knows ant, bee and cat\)\. Give "
            "the set that it was trained on, or name",
        ),
        (side(("ant", "bee")), side(("cow", "yak")), "As many classes on both sides do not tell"),
        (
            side(tuple(f"class {n}" for n in range(1000))), side((TENCH, GOLDFISH)),
            "by number only.*Import it again with --classes FILE",
        ),
        (side(ILSVRC), side(("1", "10", "2")), "kit fox means.*goldfish sorted WordNet ids"),
        (side(ILSVRC), side(tuple(map(str, range(1000)))), "how they count is unknown"),
        (side(("1", "2")), side((TENCH, GOLDFISH)), "Whole numbers do not tell what they show"),
        (side(("0", "1")), side(("1", "2")), "Whole numbers do not tell what they show"),
        (side(ILSVRC), side(("n00000001", TENCH)), r"\(n00000001;.*never learned.*ILSVRC-2010"),
        (side(("n00000001",)), side(("tench",)), "has no names for them.*by those ids"),
        (
            side(ILSVRC), side(("tench", "great_white_shark")),
            r"1 of 2 .*such as tench \(n01440764\)\. great_white_shark is none of them \(did you "
            r"mean 'great white shark'\?\)",
        ),
        (side(("ant", "bee")), side((TENCH, GOLDFISH)), "unknown to run.*as run calls its classes"),
    ],
)  # fmt: skip
def test_why_classes_do_not_fit_and_what_to_do(model: Any, images: Any, sentence: str) -> None:
    with pytest.raises(AlexNetError, match=sentence):
        match(model, images)


def test_the_page_that_sentences_name_is_there() -> None:
    assert (Path(__file__).parents[1] / identity.PAGE).is_file()
