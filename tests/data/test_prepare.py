"""Whole sets from small trees: the laws of prepare."""

import csv
import json
import os
import tarfile

import numpy as np
import pytest

from alexnet.data.decode import decode
from alexnet.data.prepare import prepare
from alexnet.data.statistics import statistics
from alexnet.data.store import open_set
from alexnet.errors import AlexNetError
from alexnet.preprocessing import fitted
from tests.data.trees import photo, photos, two_classes, write_tar, write_tree, write_zip
from tests.shared import shared_data

SIZE = 32


def contents(folder):
    """All files of a set, without what names its source."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    facts = json.loads(files.pop("set.json"))
    del facts["source"]
    return {**files, "facts": facts}


def assert_adds_up(result):
    assert result.found == result.images + len(result.rejected) + result.not_photos
    assert result.images == result.train + result.val + result.test
    assert result.images == sum(len(part) for part in result.set.parts.values())


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "photos", two_classes(6))


def test_every_picture_is_its_photo_fitted(tree, tmp_path):
    result = prepare(tree, tmp_path / "data", size=SIZE, val=0.25)
    assert_adds_up(result)
    assert (result.train, result.val, result.test, result.classes) == (9, 3, 0, ("cat", "dog"))
    for part in result.set.parts.values():
        for picture, label, file in zip(part.pictures, part.labels, part.files, strict=True):
            expected = fitted(decode((tree / file).read_bytes()), SIZE)
            np.testing.assert_array_equal(picture, expected)
            assert result.classes[label] == file.split("/")[0]
        assert part.files == sorted(part.files)


def test_the_tables(tree, tmp_path):
    data = prepare(tree, tmp_path / "data", size=SIZE).folder
    with (data / "train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["number", "class", "label", "file", "width", "height"]
    assert rows[-1] == {
        "number": str(len(rows) - 1), "class": "dog", "label": "1", "file": rows[-1]["file"],
        "width": "40", "height": "32",
    }  # fmt: skip
    with (data / "split.csv").open(newline="") as file:
        split = {row["file"]: row["part"] for row in csv.DictReader(file)}
    assert set(split) == set(two_classes(6))
    assert {file for file in split if split[file] == "train"} == {row["file"] for row in rows}
    assert (data / "rejected.csv").read_text() == "file,reason\n"


def test_statistics_are_of_the_training_part_alone(tree, tmp_path):
    result = prepare(tree, tmp_path / "data", size=SIZE, val=0.25, test=0.25)
    expected = statistics(np.array(result.set.parts["train"].pictures))
    np.testing.assert_array_equal(result.set.mean, expected.mean)
    np.testing.assert_array_equal(result.set.channel_means, expected.channel_means)
    np.testing.assert_array_equal(result.set.eigenvalues, expected.eigenvalues)
    np.testing.assert_array_equal(result.set.axes, expected.axes)


def test_archives_folders_and_numbers_of_workers_give_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("alexnet.data.blocks.PHOTOS", 3)
    files = {**two_classes(8), "cat/broken.jpg": b"\xff\xd8\xff", "notes.txt": b"x"}
    backwards = dict(reversed(files.items()))
    wrapped = {f"top/{name}": data for name, data in backwards.items()}
    first = prepare(write_tree(tmp_path / "photos", files), tmp_path / "1", size=SIZE, workers=1)
    assert_adds_up(first)
    assert [one.file for one in first.rejected] == ["cat/broken.jpg"]
    sources = {
        "2": write_tar(tmp_path / "t.tar", backwards),
        "3": write_tar(tmp_path / "t.tar.gz", wrapped, "w:gz"),
        "4": write_zip(tmp_path / "z.zip", wrapped),
        "5": tmp_path / "photos",
    }
    for name, source in sources.items():
        other = prepare(source, tmp_path / name, size=SIZE, workers=2)
        assert contents(other.folder) == contents(first.folder)


def test_parts_of_the_tree(tmp_path):
    names = [f"{part}/{name}/{i}.png" for part in ("train", "validation", "test")
             for name in ("cat", "dog") for i in range(2)]  # fmt: skip
    said = []
    tree = write_tree(tmp_path / "photos", photos(names))
    result = prepare(tree, tmp_path / "data", size=SIZE, say=said.append)
    assert (result.train, result.val, result.test) == (4, 4, 4)
    assert "validation/ is taken as the val part." in said
    assert "train: 4 photos; val: 4 photos; test: 4 photos." in said


def test_parts_from_other_sources(tree, tmp_path):
    val = write_tar(tmp_path / "val.tar", photos(["val/cat/9.png", "val/dog/0.png"]))
    result = prepare(tree, tmp_path / "data", size=SIZE, val=val, test=0.25)
    assert (result.train, result.val, result.test) == (9, 2, 3)
    assert result.set.parts["val"].files == ["val/cat/9.png", "val/dog/0.png"]
    rows = (tmp_path / "data/split.csv").read_text().splitlines()[1:]
    assert sorted({row.rpartition(",")[2] for row in rows}) == ["test", "train"]


def test_a_split_is_used_again(tree, tmp_path):
    first = prepare(tree, tmp_path / "1", size=SIZE, val=0.25, test=0.25, seed=5)
    second = prepare(tree, tmp_path / "2", size=SIZE, split=tmp_path / "1/split.csv")
    assert second.set.fingerprint == first.set.fingerprint
    assert prepare(tree, tmp_path / "3", size=SIZE, val=0.25, test=0.25,
                   seed=6).set.fingerprint != first.set.fingerprint  # fmt: skip


def test_broken_photos_are_named_and_never_fatal(tmp_path):
    whole = photo(1)
    files = {**two_classes(4), "cat/cut.png": whole[:-300], "dog/text.jpg": b"hello",
             "mice/1.png": b"", "stray.png": whole, "dog/Thumbs.db": b"x"}  # fmt: skip
    result = prepare(write_tree(tmp_path / "photos", files), tmp_path / "data", size=SIZE)
    assert_adds_up(result)
    assert result.classes == ("cat", "dog")
    reasons = {one.file: one.reason for one in result.rejected}
    assert list(reasons) == ["cat/cut.png", "dog/text.jpg", "mice/1.png", "stray.png"]
    assert reasons["dog/text.jpg"] == "a text file, not a photo"
    assert reasons["mice/1.png"] == "empty file"
    assert reasons["stray.png"] == "lies outside any class folder"
    assert result.not_photos == 1


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


def test_odd_names_survive_and_are_shown_on_one_line(tmp_path):
    odd = ["a\nb", "tab\t", "-rf", " both ends ", 'quo"te,', "b\\s", "x" * 251,
           os.fsdecode(b"\xff\xfe"), "\r", "사진", "\x1b[31m"]  # fmt: skip
    names = [f"cat/{name}.png" for name in odd] + ["dog/1.png", "dog/\n.png"]
    files = {**photos(names), "dog/\x07\n.jpg": b"", "dog/a\rb.jpg": b""}
    said = []
    tree = write_tree(tmp_path / "photos", files)
    result = prepare(tree, tmp_path / "data", size=SIZE, say=said.append, val=0.2)
    assert sorted(f for part in result.set.parts.values() for f in part.files) == sorted(names)
    assert [one.file for one in result.rejected] == ["dog/\x07\n.jpg", "dog/a\rb.jpg"]
    assert all(sentence.isprintable() for sentence in said)
    again = prepare(tree, tmp_path / "2", size=SIZE, split=tmp_path / "data/split.csv")
    assert again.set.fingerprint == result.set.fingerprint
    tar = write_tar(tmp_path / "t.tar", {n: d for n, d in files.items() if "\udcff" not in n})
    assert prepare(tar, tmp_path / "3", size=SIZE).images == result.images - 1


def test_odd_class_names(tmp_path):
    names = ["a\nb", os.fsdecode(b"\xff"), "folder.jpg", "-", "a b", "a"]
    files = photos(f"{name}/{i}.png" for name in names for i in range(2))
    result = prepare(write_tree(tmp_path / "photos", files), tmp_path / "data", size=SIZE)
    assert result.classes == tuple(sorted(names))
    assert open_set(tmp_path / "data").classes == tuple(sorted(names))


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


def test_a_set_that_does_not_say_its_filter_is_bicubic(tree, tmp_path):
    made = prepare(tree, tmp_path / "data", size=SIZE).set
    facts = made.facts
    del facts["filter"], facts["source"]["filter"]
    (tmp_path / "data/set.json").write_text(json.dumps(facts))
    again = prepare(tree, tmp_path / "data", size=SIZE)
    assert (again.already, again.set.filter) == (True, "bicubic")
    with pytest.raises(AlexNetError, match=r"made with filter bicubic \(now bilinear\)"):
        prepare(tree, tmp_path / "data", size=SIZE, filter="bilinear")


def test_data_that_is_something_else_is_never_touched(tree, tmp_path):
    write_tree(tmp_path / "mine", {"letter.txt": b"dear"})
    with pytest.raises(AlexNetError, match="exists and is no prepared set"):
        prepare(tree, tmp_path / "mine", size=SIZE)
    write_tree(tmp_path / "data.part", {"letter.txt": b"dear"})
    with pytest.raises(AlexNetError, match=r"data\.part is in the way.*it holds letter\.txt"):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert (tmp_path / "data.part/letter.txt").read_bytes() == b"dear"


def test_an_empty_folder_may_become_the_set(tree, tmp_path):
    (tmp_path / "data").mkdir()
    assert prepare(tree, tmp_path / "data", size=SIZE).images == 12
    assert prepare(tree, tmp_path / "new/folders/data", size=SIZE).images == 12


def test_too_little_disk_is_said_before_work_starts(tree, tmp_path, monkeypatch):
    class Usage:
        free = 10_000_000

    monkeypatch.setattr("alexnet.data.outcomes.shutil.disk_usage", lambda path: Usage)
    with pytest.raises(AlexNetError, match=r"needs 50 MB of disk; 10 MB are free\. Make room"):
        prepare(tree, tmp_path / "data", size=SIZE)


def test_what_is_said(tree, tmp_path):
    said = []
    prepare(tree, tmp_path / "data", size=SIZE, say=said.append)
    assert said[:2] == [
        f"Found in {tree}: 12 photos in 2 classes (cat and dog).",
        "train: 12 photos; val: 0.1 of these, split off by class with seed 0; no test.",
    ]
    assert said[2].startswith("Needs 50 MB of disk; ")


def test_an_archive_that_changes_while_it_is_read(tmp_path, monkeypatch):
    path = write_tar(tmp_path / "t.tar", two_classes(2))
    plan = "alexnet.data.prepare.announce"
    monkeypatch.setattr(plan, lambda *_: write_tar(path, photos(["cat/0.png", "cat/9.png"])))
    with pytest.raises(AlexNetError, match="was changed while it was read"):
        prepare(path, tmp_path / "data", size=SIZE)


def test_the_awkward_names_of_hard(tmp_path):
    archive = shared_data("hard") / "names.tar"
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "tree", filter="fully_trusted")
    folder = prepare(tmp_path / "tree", tmp_path / "1", size=SIZE)
    streamed = prepare(archive, tmp_path / "2", size=SIZE)
    for result in (folder, streamed):
        assert_adds_up(result)
        assert (result.found, result.not_photos) == (30, 6)
    assert folder.classes == ("class a", "folder.jpg", "links", "nested")
    assert streamed.classes == ("class a", "folder.jpg", "nested")
    assert (folder.images, streamed.images) == (18, 17)  # links of archives are not followed
    reasons = {one.file: one.reason for one in folder.rejected}
    assert reasons == {
        "links/dangling.jpg": "a link to nothing",
        "links/loop_a.jpg": "a link that leads round in a circle",
        "links/loop_b.jpg": "a link that leads round in a circle",
        "links/outside.jpg": "a link to nothing",
        "links/up": "a link to a folder; such links are not followed",
        "stray.jpg": "lies outside any class folder",
    }


def test_real_photos(tmp_path):
    tree = shared_data("tiny")
    result = prepare(tree, tmp_path / "data", size=SIZE)
    assert_adds_up(result)
    assert (result.train, result.val, result.test, len(result.classes)) == (230, 80, 0, 10)
    assert result.set.eigenvalues[0] > result.set.eigenvalues[1] > result.set.eigenvalues[2] > 0
    val = result.set.parts["val"]
    for i in range(0, len(val), 20):
        expected = fitted(decode((tree / val.files[i]).read_bytes()), SIZE)
        np.testing.assert_array_equal(val.pictures[i], expected)


def test_every_awkward_file_of_hard_is_kept_or_named(tmp_path):
    files = sorted((shared_data("hard") / "files").iterdir())
    tree = write_tree(tmp_path / "photos", two_classes(1))
    for path in files:
        (tree / "cat" / path.name).symlink_to(path)
    result = prepare(tree, tmp_path / "data", size=SIZE)
    assert_adds_up(result)
    assert result.found == len(files) + 2
    named = {one.file for one in result.rejected}
    kept = {file for part in result.set.parts.values() for file in part.files}
    assert {f"cat/{path.name}" for path in files} <= named | kept
