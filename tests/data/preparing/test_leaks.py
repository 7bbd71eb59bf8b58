"""Photos that are in two parts: said, counted, dropped, and never from what is tested."""

import io
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from alexnet.data.prepare import prepare
from alexnet.data.preparing import leaks
from alexnet.data.verify import verify
from alexnet.errors import UsageError
from tests.data.here import assert_adds_up, in_this_process
from tests.data.trees import photo, photos, write_tree

SIZE = 32


@pytest.fixture(autouse=True)
def here():
    with in_this_process():
        yield


def recompressed(data):
    stream = io.BytesIO()
    Image.open(io.BytesIO(data)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


TRAIN = photos(f"train/{name}/{i}.png" for name in ("cat", "dog") for i in range(3))
LEAKY = {
    **TRAIN,
    "val/cat/9.png": photo(9), "val/dog/copy.jpg": recompressed(photo(0)),
    "test/cat/8.png": photo(8), "test/cat/copy.png": photo(0), "test/dog/copy.png": photo(5),
}  # fmt: skip


def made(tmp_path, files, **options):
    said = []
    tree = write_tree(tmp_path / "photos", files)
    result = prepare(tree, tmp_path / "data", size=SIZE, say=said.append, **options)
    assert_adds_up(result)
    return result, "\n".join(said)


def counted(result):
    return result.set.facts["leaks"], result.set.facts["leaks_dropped"]


def reasons(result):
    return {one.file: one.reason for one in result.rejected}


def test_leaks_are_said_and_counted(tmp_path):
    result, said = made(tmp_path, LEAKY)
    assert (result.train, result.rejected) == (6, [])
    assert counted(result) == (3, 0)
    assert "in a part that is tested as well, such as train/cat/0.png" in said
    assert "alexnet inspect shows them; --drop-leaks leaves them out." in said


def test_leaks_that_are_dropped_are_named_once_with_a_copy_that_is_kept(tmp_path):
    result, _ = made(tmp_path, LEAKY, drop_leaks=True)
    assert reasons(result) == {
        "train/cat/0.png": "the same photo as test/cat/copy.png of test, which is kept",
        "train/dog/2.png": "the same photo as test/dog/copy.png of test, which is kept",
        "val/dog/copy.jpg": "the same photo as test/cat/copy.png of test, which is kept",
    }
    assert counted(result) == (0, 3)
    train = result.set.parts["train"]
    assert list(train.files) == [f"train/{n}.png" for n in ("cat/1", "cat/2", "dog/0", "dog/1")]
    pictures = np.array(train.pictures)
    np.testing.assert_array_equal(result.set.mean, pictures.mean(axis=0).astype(np.float32))
    assert verify(result.folder) == []


def test_dropping_leaves_what_is_tested_and_one_photo_of_each_class(tmp_path):
    copies = {f"test/dog/{i}.png": TRAIN[f"train/dog/{i}.png"] for i in range(3)}
    result, said = made(tmp_path, {**TRAIN, **copies, "val/cat/9.png": photo(9)}, drop_leaks=True)
    assert list(result.set.parts["test"].files) == sorted(copies)
    assert list(reasons(result)) == ["train/dog/1.png", "train/dog/2.png"]
    assert result.set.parts["train"].files[-1] == "train/dog/0.png"
    assert counted(result) == (1, 2)
    assert "But 1 photo stays, such as train/dog/0.png" in said


def test_so_many_of_them_are_doubted_and_not_dropped(tmp_path):
    copies = {name.replace("train", "val"): recompressed(data) for name, data in TRAIN.items()}
    with mock.patch.object(leaks, "FEW", 5):
        result, said = made(tmp_path, TRAIN | copies)
        assert counted(result) == (6, 0)
        assert "6 photos that are like others in a later part" in said
        assert "Look at them with alexnet inspect first." in said
        with pytest.raises(UsageError, match=r"--drop-leaks would leave out 6 .* out of SOURCE"):
            made(tmp_path / "again", TRAIN | copies, drop_leaks=True)
    assert not (tmp_path / "again" / "data").exists()


def test_any_number_of_exact_copies_is_dropped(tmp_path):
    copies = {name.replace("train", "val"): data for name, data in TRAIN.items()}
    with mock.patch.object(leaks, "FEW", 0):
        result, _ = made(tmp_path, TRAIN | copies, drop_leaks=True)
    assert counted(result) == (2, 4)
    assert result.val == 6


def test_of_very_many_pictures_exact_copies_only(tmp_path):
    with mock.patch.object(leaks, "MOST", 10):
        result, said = made(tmp_path, LEAKY, drop_leaks=True)
    assert list(reasons(result)) == ["train/cat/0.png", "train/dog/2.png"]
    assert "Of 11 pictures only those with the same pixels were looked for" in said
    assert result.set.facts["leaks_dropped"] == 2
