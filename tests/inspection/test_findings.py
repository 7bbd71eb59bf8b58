import json
import shutil

import pytest

from alexnet.data.copies.alike import ALIKE
from alexnet.data.store import open_set
from alexnet.errors import AlexNetError
from alexnet.inspection import inspect_set
from alexnet.inspection.which import Which


def files(found, pictures):
    return [one.file(found.images) for one in pictures]


def test_classes(found):
    assert found.classes.names == ["cat", "dog", "fox"]
    counts = {part: numbers.tolist() for part, numbers in found.classes.counts.items()}
    assert counts == {"train": [8, 7, 3], "val": [2, 2, 0]}
    assert found.classes.imbalance == pytest.approx(8 / 3)
    assert found.classes.by_largest == pytest.approx(10 / 18)
    assert (found.classes.absent("train"), found.classes.absent("val")) == ([], ["fox"])


def test_sizes(found):
    quantiles = found.sizes.quantiles
    assert (quantiles["width"][0], quantiles["width"][-1]) == (15, 300)
    assert (quantiles["height"][0], quantiles["height"][2], quantiles["height"][-1]) == (40, 64, 80)
    assert quantiles["length"][-1] == pytest.approx(3.75)
    assert found.sizes.count == 22
    assert found.sizes.enlarged == pytest.approx(1 / 22)


def test_odd_photos(found):
    assert files(found, found.sizes.small) == ["train/dog/4.png"]
    assert files(found, found.sizes.long) == ["train/dog/5.png"]
    assert found.sizes.grey == 3
    assert found.sizes.grey_classes == [2]
    assert found.one_colour.looked_at == 22
    assert files(found, found.one_colour.found) == ["train/dog/6.png"]


def test_where_most_classes_are_grey_none_is_told_by_it(found):
    grey = {part: photos.copy() for part, photos in found.sizes.photos.items()}
    grey["train"]["grey"] = True
    assert type(found.sizes)(found.images, grey).grey_classes == []


def test_rejected(found):
    ((reason, number, first),) = found.rejections.reasons
    assert (number, first, found.rejections.count) == (1, "train/cat/bad.png", 1)
    assert reason
    assert found.rejections.not_photos == {".txt": 1}


def test_leaks(found):
    leaks = [files(found, pair) for pair in found.repeats.leaks]
    assert leaks == [["train/cat/0.png", "val/cat/1.png"], ["train/cat/1.png", "val/dog/1.png"]]


def test_one_photo_in_two_classes(found):
    groups = [files(found, group) for group in found.repeats.in_two_classes]
    assert groups == [["train/cat/1.png", "val/dog/1.png"]]


def test_copies_within_a_part(found):
    groups = [files(found, group) for group in found.repeats.within]
    assert groups == [
        ["train/cat/2.png", "train/cat/6.png"],
        ["train/cat/3.png", "train/cat/7.png"],
    ]


def test_pairs(found):
    assert found.repeats.kinds == {"exact": 1, "near": 2, "mirrored": 1}
    first, *others = found.repeats.pairs
    assert (first.kind, first.likeness) == ("exact", 1)
    assert all(ALIKE <= pair.likeness <= 1 for pair in others)
    group = found.repeats.in_two_classes[0]
    assert found.repeats.joining(group).kind == "mirrored"
    assert found.repeats.joining([Which("train", 0), Which("train", 1)]) is None


def test_leaks_are_those_that_were_counted_when_the_set_was_made(found):
    assert len(found.repeats.leaks) == found.images.facts["leaks"]


def test_json_says_the_same(found):
    told = json.loads(json.dumps(found.as_json()))
    assert told["parts"] == {"train": 18, "val": 4}
    assert told["classes"]["counts"]["train"] == [8, 7, 3]
    assert told["photos"]["grey_classes"] == ["fox"]
    assert told["photos"]["long"] == [{"part": "train", "class": "dog", "file": "train/dog/5.png"}]
    assert told["rejected"]["files"] == 1
    assert told["one_colour"]["looked_at"] == 22
    assert [pair[0]["file"] for pair in told["copies"]["leaks"]] == [
        "train/cat/0.png", "train/cat/1.png",
    ]  # fmt: skip
    assert {len(pair["pictures"]) for pair in told["copies"]["pairs"]} == {2}
    assert len(told["copies"]["groups"]) == 4
    assert told["copies"]["notes"] == [
        "Pictures of one colour, which were compared pixel for pixel only: 1."
    ]


def test_a_damaged_table_is_told(found, tmp_path):
    folder = shutil.copytree(found.images.folder, tmp_path / "set")
    table = folder / "val.csv"
    table.write_text(table.read_text().replace(",64,64,", ",64,6x,", 1))
    with pytest.raises(AlexNetError, match=r"val.csv does not fit its set: .* is no number"):
        inspect_set(open_set(folder), quiet=True)
