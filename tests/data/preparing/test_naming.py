"""What a set says of its classes: names, and the order of labels."""

import pytest

from alexnet.data.preparing import naming

TENCH, GOLDFISH, NONE = "n01440764", "n01443537", "n00000001"


def test_names_come_from_the_source_or_for_imagenet_from_wordnet() -> None:
    assert naming.names_of([TENCH, GOLDFISH], {}) == ["tench", "goldfish"]
    assert naming.names_of([TENCH, GOLDFISH], {TENCH: "Schleie"}) == ["Schleie", GOLDFISH]
    assert naming.names_of(["1", "2"], {"1": "one"}) == ["one", "2"]


def test_there_are_no_names_where_one_would_be_missing_or_all_say_the_same() -> None:
    assert naming.names_of([TENCH, NONE], {}) == []
    assert naming.names_of([TENCH, "dog"], {}) == []
    assert naming.names_of(["cat", "dog"], {"cow": "a cow"}) == []
    assert naming.names_of(["cat", "dog"], {"cat": "cat", "dog": "dog"}) == []


@pytest.mark.parametrize(
    ("one", "name", "shown"),
    [
        (TENCH, "tench", "tench (n01440764)"),
        ("cat", "cat", "cat"),
        ("n02012849", "crane (n02012849)", "crane (n02012849)"),
    ],
)
def test_ids_stand_behind_names_once(one: str, name: str, shown: str) -> None:
    assert naming.called(one, name) == shown


def test_the_order_of_labels_is_stated() -> None:
    assert "sorted WordNet ids, as torchvision" in naming.order_of([TENCH, GOLDFISH])
    assert naming.order_of(["cat", "dog"]) == naming.BY_NAME


@pytest.mark.parametrize(
    "classes", [["cat", "dog"], ["0", "1", "2"], ["00", "01", "02"], ["1", "10", "two"]]
)
def test_nothing_is_said_where_no_number_misleads(classes: list[str]) -> None:
    assert naming.number_note(classes) == ""


def test_numbers_that_are_not_the_labels_are_remarked_on() -> None:
    note = naming.number_note(sorted(map(str, range(1, 1001))))
    assert "1 has label 0, 10 has label 1 and 100 has label 2" in note
    assert "2 has label 2" not in naming.number_note(sorted(map(str, range(11))))
