"""Whole sets from small trees: the laws of prepare."""

import errno
from pathlib import Path

import numpy as np
import pytest

from alexnet.data import prepare as module
from alexnet.data.decoding.decode import decode
from alexnet.data.decoding.square import square_of
from alexnet.data.prepare import prepare
from alexnet.data.preparing import blocks, making, work, workers
from alexnet.data.verify import verify
from alexnet.errors import AlexNetError, UsageError
from alexnet.preprocessing import fitted
from tests.data import miniatures
from tests.data.here import assert_adds_up, contents, meaning
from tests.data.trees import photo, photos, two_classes, write_tar, write_tree, write_zip
from tests.shared import shared_data

SIZE = 32
pytestmark = pytest.mark.usefixtures("here")


def test_every_picture_is_its_photo_fitted(tree, tmp_path):
    result = prepare(tree, tmp_path / "data", size=SIZE, val=0.25)
    assert_adds_up(result)
    assert (result.train, result.val, result.test, result.classes) == (9, 3, 0, ("cat", "dog"))
    for part in result.set.parts.values():
        for picture, label, file in zip(part.pictures, part.labels, part.files, strict=True):
            expected = fitted(decode((tree / file).read_bytes()), SIZE)
            np.testing.assert_array_equal(picture, expected)
            assert result.classes[label] == file.split("/")[0]
        assert list(part.files) == sorted(part.files)


MIXED = {**two_classes(8), "cat/broken.jpg": b"\xff\xd8\xff", "notes.txt": b"x"}


def test_the_number_of_workers_changes_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "make_blocks", workers.make_blocks)
    monkeypatch.setattr(blocks, "LEAST", 4)
    tree = write_tree(tmp_path / "photos", MIXED)
    one = prepare(tree, tmp_path / "1", size=SIZE, workers=1)
    two = prepare(tree, tmp_path / "2", size=SIZE, workers=2)
    assert_adds_up(one)
    assert [one.file for one in one.rejected] == ["cat/broken.jpg"]
    assert contents(one.folder) == contents(two.folder)
    assert len(one.set.shards()) == 5


def test_archives_and_folders_give_the_same_set(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "LEAST", 4)
    backwards = dict(reversed(MIXED.items()))
    wrapped = {f"top/{name}": data for name, data in backwards.items()}
    first = prepare(write_tree(tmp_path / "photos", MIXED), tmp_path / "1", size=SIZE, test=0.2)
    sources = {
        "2": write_tar(tmp_path / "t.tar", backwards),
        "3": write_tar(tmp_path / "t.tar.gz", wrapped, "w:gz"),
        "4": write_zip(tmp_path / "z.zip", wrapped),
        "5": tmp_path / "photos",
    }
    for name, source in sources.items():
        other = prepare(source, tmp_path / name, size=SIZE, test=0.2)
        assert meaning(other.folder) == meaning(first.folder)
        assert verify(other.folder) == []


def test_parts_of_the_tree(tmp_path):
    names = [f"{part}/{name}/{i}.png" for part in ("train", "validation", "test")
             for name in ("cat", "dog") for i in range(2)]  # fmt: skip
    said = []
    tree = write_tree(tmp_path / "photos", photos(names))
    result = prepare(tree, tmp_path / "data", size=SIZE, say=said.append)
    assert (result.train, result.val, result.test) == (4, 4, 4)
    assert "validation/ is taken as the val part." in said
    assert "train: 4 photos; val: 4 photos; test: 4 photos." in said
    assert {part: list(result.set.parts[part].files) for part in result.set.parts} == {
        part: [name for name in names if name.startswith(folder)]
        for part, folder in (("train", "train"), ("val", "validation"), ("test", "test"))
    }


def test_val_alone_is_a_set_to_evaluate_on(tmp_path):
    tree = write_tree(tmp_path / "photos", {**two_classes(3, "val/"), "val/cat/0.txt": b""})
    result = prepare(tree, tmp_path / "data", size=SIZE)
    assert_adds_up(result)
    assert (result.train, result.val, result.test, result.classes) == (0, 6, 0, ("cat", "dog"))
    pictures = np.stack(list(result.set.parts["val"].pictures))
    np.testing.assert_array_equal(result.set.mean, pictures.mean(axis=0).astype(np.float32))
    assert result.set.facts["measured_on"] == ["val"]
    assert verify(result.folder) == []
    train = prepare(write_tree(tmp_path / "train", two_classes(3)), tmp_path / "2", size=SIZE)
    assert train.set.facts["measured_on"] == ["train"]


def test_leaks_between_parts_to_evaluate_on_are_dropped_from_the_mean_too(tmp_path):
    tree = write_tree(tmp_path / "photos", two_classes(3, "val/"))
    write_tree(tree, {"test/cat/x.png": (tree / "val/cat/0.png").read_bytes()})
    result = prepare(tree, tmp_path / "data", size=SIZE, drop_leaks=True)
    assert [one.file for one in result.rejected] == ["val/cat/0.png"]
    assert (result.val, result.test) == (5, 1)
    pictures = np.concatenate([np.stack(list(p.pictures)) for p in result.set.parts.values()])
    np.testing.assert_array_equal(result.set.mean, pictures.mean(axis=0).astype(np.float32))


@pytest.mark.parametrize("inside", ["", "ILSVRC2012_img_val.tar"])
def test_imagenets_val_alone(tmp_path, inside):
    files = miniatures.archives_2012()
    del files["ILSVRC2012_img_train.tar"]
    source = miniatures.write(tmp_path / "photos", files) / inside
    result = prepare(source, tmp_path / "data", size=SIZE)
    assert (result.train, result.val) == (0, len(miniatures.TRUTH))
    assert result.classes == tuple(sorted(miniatures.KIT))
    val = result.set.parts["val"]
    for picture, label in zip(val.pictures, val.labels, strict=True):
        colour = miniatures.COLOURS[result.classes[label]]
        assert np.abs(np.median(picture, axis=(0, 1)) - colour).max() < 5


@pytest.mark.parametrize("there", [True, False])
def test_data_may_be_a_link_to_an_empty_or_a_new_folder(tree, tmp_path, there):
    if there:
        (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to("disk")
    for already in (False, True):
        result = prepare(tree, tmp_path / "data", size=SIZE)
        assert (result.folder, result.already) == (tmp_path / "disk", already)
    assert (tmp_path / "data").is_symlink()


def test_where_a_disk_is_mounted_no_set_can_be(tree, tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(module.os.path, "ismount", lambda path: Path(path) == data)
        with pytest.raises(UsageError, match=r"is where a disk is mounted.* such as .*data/set\."):
            prepare(tree, data, size=SIZE)
    assert sorted(tmp_path.iterdir()) == [data, tree]

    def refuse(path):
        raise OSError(errno.EBUSY, "Device or resource busy")

    with monkeypatch.context() as patch:  # a mount that cannot be told from a folder
        patch.setattr(work.Path, "rmdir", refuse)
        with pytest.raises(AlexNetError, match=r"complete in .*data\.part: Device or res"):
            prepare(tree, data, size=SIZE)
    assert prepare(tree, data, size=SIZE).train


def test_parts_from_other_sources(tree, tmp_path):
    val = write_tar(tmp_path / "val.tar", photos(["val/cat/9.png", "val/dog/0.png"]))
    result = prepare(tree, tmp_path / "data", size=SIZE, val=val, test=0.25)
    assert (result.train, result.val, result.test) == (9, 2, 3)
    assert list(result.set.parts["val"].files) == ["val/cat/9.png", "val/dog/0.png"]
    rows = (tmp_path / "data/split.csv").read_text().splitlines()[1:]
    assert sorted({row.rpartition(",")[2] for row in rows}) == ["test", "train"]


def test_a_split_is_used_again(tree, tmp_path):
    first = prepare(tree, tmp_path / "1", size=SIZE, val=0.25, test=0.25, seed=5)
    second = prepare(tree, tmp_path / "2", size=SIZE, split=tmp_path / "1/split.csv")
    assert second.set.fingerprint == first.set.fingerprint
    again = (tmp_path / "2/split.csv").read_bytes()
    assert again == (tmp_path / "1/split.csv").read_bytes()
    assert prepare(tree, tmp_path / "3", size=SIZE, val=0.25, test=0.25,
                   seed=6).set.fingerprint != first.set.fingerprint  # fmt: skip


def test_what_is_there_already(tree, tmp_path):
    first = prepare(tree, tmp_path / "data", size=SIZE)
    before = {p: p.stat().st_mtime_ns for p in first.folder.iterdir()}
    said = []
    second = prepare(tree, tmp_path / "data", size=SIZE, workers=1, say=said.append)
    assert (first.already, second.already) == (False, True)
    assert said == [f"{tmp_path}/data is there already, made from the same photos with the same "
                    "options."]  # fmt: skip
    assert (second.found, second.images, second.rejected) == (first.found, first.images, [])
    with pytest.raises(AlexNetError, match=r"exists already, made with size 32 \(now 16\)"):
        prepare(tree, tmp_path / "data", size=16)
    (tree / "cat/new.png").write_bytes(photo())
    with pytest.raises(AlexNetError, match="made with another state of the photos"):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert before == {p: p.stat().st_mtime_ns for p in first.folder.iterdir()}


def test_the_filter_that_was_asked_for_is_in_the_pictures_and_in_the_set(tree, tmp_path):
    made = prepare(tree, tmp_path / "data", size=SIZE, filter="bilinear").set
    assert (made.filter, made.facts["filter"]) == ("bilinear", "bilinear")
    part = made.parts["train"]
    expected = fitted(decode((tree / part.files[0]).read_bytes()), SIZE, "crop", "bilinear")
    np.testing.assert_array_equal(part.pictures[0], expected)
    assert prepare(tree, tmp_path / "data", size=SIZE, filter="bilinear").already
    with pytest.raises(AlexNetError, match=r"made with filter bilinear \(now bicubic\)"):
        prepare(tree, tmp_path / "data", size=SIZE)


def test_a_set_of_an_older_format_is_in_the_way(tree, tmp_path):
    write_tree(tmp_path / "data", {"set.json": b'{"format": 1}'})
    with pytest.raises(AlexNetError, match="is a set of format 1; this version reads format 2"):
        prepare(tree, tmp_path / "data", size=SIZE)


def test_an_empty_folder_may_become_the_set(tree, tmp_path):
    (tmp_path / "data").mkdir()
    assert prepare(tree, tmp_path / "data", size=SIZE).images == 12
    assert prepare(tree, tmp_path / "new/folders/data", size=SIZE).images == 12


def test_too_little_disk_is_said_before_work_starts(tree, tmp_path, monkeypatch):
    class Usage:
        free = 10_000_000

    monkeypatch.setattr(making.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(AlexNetError, match=r"needs 50 MB of disk; 10 MB are free\. Make room"):
        prepare(tree, tmp_path / "data", size=SIZE)


def test_what_is_said(tree, tmp_path):
    said = []
    prepare(tree, tmp_path / "data", size=SIZE, say=said.append)
    assert said[:3] == [
        f"{tree}: this looks like a folder of photos.",
        f"Found in {tree}: 12 photos in 2 classes (cat and dog).",
        "train: 12 photos; val: 0.1 of these, split off by class with seed 0; no test.",
    ]
    assert said[3].startswith("Needs 50 MB of disk; ")


def test_real_photos(tmp_path):
    tree = shared_data("tiny")
    result = prepare(tree, tmp_path / "data", size=SIZE)
    assert_adds_up(result)
    assert (result.train, result.val, result.test, len(result.classes)) == (230, 80, 0, 10)
    assert result.set.eigenvalues[0] > result.set.eigenvalues[1] > result.set.eigenvalues[2] > 0
    val = result.set.parts["val"]
    for i in range(0, len(val), 20):
        expected, _ = square_of((tree / val.files[i]).read_bytes(), SIZE, "crop", "bicubic", True)
        np.testing.assert_array_equal(val.pictures[i], expected)
