"""What is written beside the pictures of a set."""

import csv
import io

import numpy as np
import pytest
from PIL import Image

from alexnet.data.prepare import prepare
from alexnet.errors import AlexNetError
from tests.data.here import assert_adds_up
from tests.data.trees import photo, photos, two_classes, write_tree

SIZE = 32
pytestmark = pytest.mark.usefixtures("here")


def encoded(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def test_the_tables(tree, tmp_path):
    data = prepare(tree, tmp_path / "data", size=SIZE).folder
    with (data / "train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "number", "class", "label", "file", "width", "height", "grey",
    ]  # fmt: skip
    assert rows[-1] == {
        "number": str(len(rows) - 1), "class": "dog", "label": "1", "file": rows[-1]["file"],
        "width": "40", "height": "32", "grey": "0",
    }  # fmt: skip
    with (data / "split.csv").open(newline="") as file:
        split = {row["file"]: row["part"] for row in csv.DictReader(file)}
    assert set(split) == set(two_classes(6))
    assert {file for file in split if split[file] == "train"} == {row["file"] for row in rows}
    assert (data / "rejected.csv").read_text() == "file,reason\n"


def test_grey_photos_are_marked(tmp_path):
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (9, 9, 1), np.uint8), 3, axis=2)
    tree = write_tree(tmp_path / "photos", {**two_classes(2), "cat/x.png": encoded(grey)})
    data = prepare(tree, tmp_path / "data", size=SIZE, val=0.01).folder
    with (data / "train.csv").open(newline="") as file:
        marks = {row["file"]: row["grey"] for row in csv.DictReader(file)}
    assert [file for file, mark in marks.items() if mark == "1"] == ["cat/x.png"]


def test_statistics_are_of_the_training_part_alone(tree, tmp_path):
    images = prepare(tree, tmp_path / "data", size=SIZE, val=0.25, test=0.25).set
    pictures = np.array(images.parts["train"].pictures)
    pixels = pictures.reshape(-1, 3) / 255
    np.testing.assert_array_equal(images.mean, pictures.mean(axis=0).astype(np.float32))
    np.testing.assert_allclose(images.channel_means, 255 * pixels.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        images.axes @ np.diag(images.eigenvalues) @ images.axes.T,
        np.cov(pixels, rowvar=False, bias=True), atol=1e-14,
    )  # fmt: skip


def test_a_class_that_is_broken_in_train_is_left_out_of_val(tmp_path):
    files = {**two_classes(3, "train/"), **two_classes(1, "val/")}
    files |= {"train/mice/1.png": b"broken", "val/mice/1.png": photo()}
    result = prepare(write_tree(tmp_path / "photos", files), tmp_path / "data", size=SIZE)
    assert_adds_up(result)
    assert result.classes == ("cat", "dog")
    assert [(one.file, one.reason) for one in result.rejected][1] == (
        "val/mice/1.png",
        "no photo of its class that could be trained on is readable",
    )


@pytest.mark.parametrize(
    ("good", "complaint"),
    [
        ([], "Not one photo can be read: cat/1.jpg: empty file; dog/1.jpg: empty file."),
        (["cat/2.png"], r"Only one class, cat, has photos that can be read \(cat/1.jpg: empty"),
    ],
)
def test_nothing_usable(tmp_path, good, complaint):
    tree = write_tree(tmp_path / "photos", {"cat/1.jpg": b"", "dog/1.jpg": b"", **photos(good)})
    with pytest.raises(AlexNetError, match=complaint):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert not (tmp_path / "data").exists()


def test_names_of_classes_that_are_ids(tmp_path):
    tree = write_tree(tmp_path / "photos", photos(["n01440764/1.png", "n01443537/1.png"]))
    made = prepare(tree, tmp_path / "data", size=SIZE, val=0.01).set
    assert made.classes == ("n01440764", "n01443537")
    assert made.names[1].startswith("goldfish")
    assert "WordNet ids" in made.facts["order"]
    assert made.facts["exif"] == "ignore"
