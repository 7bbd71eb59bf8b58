"""Names for the outputs of imported weights."""

import csv

import pytest

from alexnet.errors import UsageError
from alexnet.formats.classes import Classes, classes_for, ilsvrc, numbered, read_classes
from tests.shared import shared_data


def test_the_thousand_are_in_the_common_order():
    known = ilsvrc()
    assert len(known.ids) == 1000
    assert list(known.ids) == sorted(set(known.ids))
    assert len(set(known.names)) == 1000
    by_place = {
        0: "tench",
        1: "goldfish",
        207: "golden retriever",
        281: "tabby",
        999: "toilet tissue",
    }
    assert {place: known.names[place] for place in by_place} == by_place
    assert known.ids[207] == "n02099601"


def test_what_is_called_alike_can_be_told_apart():
    names = dict(zip(ilsvrc().ids, ilsvrc().names, strict=True))
    assert names["n02012849"] == "crane (n02012849)"
    assert names["n03126707"] == "crane (n03126707)"
    assert names["n03710637"] == "maillot (n03710637)"


def test_they_agree_with_a_list_from_elsewhere():
    with (shared_data("imagenet-sample") / "synsets.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["wnid"] for row in rows] == list(ilsvrc().ids)
    assert [int(row["index"]) for row in rows] == list(range(1000))


def test_a_file_of_ids_and_names(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("\ufeffa\tAnt\nb\n\n  c \t Cat  \n", encoding="utf-8")
    assert read_classes(path) == Classes(("a", "b", "c"), ("Ant", "b", "Cat"), "classes.txt")


def test_caffe_s_own_file_of_synsets(tmp_path):
    path = tmp_path / "synset_words.txt"
    path.write_text("n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n")
    found = read_classes(path)
    assert found.ids == ("n01440764", "n01443537")
    assert found.names == ("tench, Tinca tinca", "goldfish, Carassius auratus")


def test_a_name_with_spaces_is_one_name(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("Abyssinian cat\nnorth sea\n")
    assert read_classes(path).ids == ("Abyssinian cat", "north sea")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\nb\na\n", "has 'a' more than once; ids must differ"),
        (b"\xff\xfe", "cannot be read: "),
        (b"", "names 0 classes, but the network has 2 outputs"),
        (b"a\nb\nc\n", "names 3 classes, but the network has 2 outputs: one line for each"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path, content, expected):
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=expected) as caught:
        classes_for(2, path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_classes(tmp_path / "none.txt")


def test_without_a_file():
    assert classes_for(1000, None) == ilsvrc()
    assert classes_for(3, None) == numbered(3)
    assert numbered(3).ids == ("class 0", "class 1", "class 2")
