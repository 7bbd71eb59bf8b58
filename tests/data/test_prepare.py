"""Whole sets from small trees: the laws of prepare."""

import csv
import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from alexnet.data import blocks, making, workers
from alexnet.data.decode import decode
from alexnet.data.prepare import prepare
from alexnet.data.square import square_of
from alexnet.data.store import open_set
from alexnet.data.verify import verify
from alexnet.errors import AlexNetError
from alexnet.preprocessing import fitted
from tests.data.here import in_this_process
from tests.data.trees import photo, photos, two_classes, write_tar, write_tree, write_zip
from tests.shared import shared_data

SIZE = 32


def encoded(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def contents(folder):
    """Every byte of a set, by the name of its file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def meaning(folder):
    """What a set says, however its pictures lie on disk and whatever it was made of."""
    images = open_set(folder)
    parts = {
        name: [*zip(part.files, part.labels.tolist(), map(bytes, part.pictures), strict=True)]
        for name, part in images.parts.items()
    }
    facts = {name: images.facts[name] for name in (
        "size", "fit", "filter", "exif", "classes", "names", "order", "parts", "channel_means",
        "eigenvalues", "axes", "seed", "fingerprint", "rejected", "not_photos_by_kind", "leaks",
    )}  # fmt: skip
    tables = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    return parts, facts, tables, images.mean.tobytes()


def assert_adds_up(result):
    assert result.found == result.images + len(result.rejected) + result.not_photos
    assert result.images == result.train + result.val + result.test
    assert result.images == sum(len(part) for part in result.set.parts.values())


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "photos", two_classes(6))


@pytest.fixture(autouse=True)
def here():
    with in_this_process():
        yield


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


def test_a_set_of_an_older_format_is_in_the_way(tree, tmp_path):
    write_tree(tmp_path / "data", {"set.json": b'{"format": 1}'})
    with pytest.raises(AlexNetError, match="is a set of format 1; this version reads format 2"):
        prepare(tree, tmp_path / "data", size=SIZE)


def test_data_that_is_something_else_is_never_touched(tree, tmp_path):
    write_tree(tmp_path / "mine", {"letter.txt": b"dear"})
    with pytest.raises(AlexNetError, match="exists and is no prepared set"):
        prepare(tree, tmp_path / "mine", size=SIZE)
    write_tree(tmp_path / "data.part", {"letter.txt": b"dear"})
    with pytest.raises(AlexNetError, match=r"data\.part is in the way.*it holds letter\.txt"):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert (tmp_path / "data.part/letter.txt").read_bytes() == b"dear"


@pytest.mark.parametrize("name", ["lockers.txt", "lock-1-of-x", "job.json", "set.json"])
def test_no_name_makes_a_file_ours(tree, tmp_path, name):
    mine = write_tree(tmp_path / "data.part", {name: b"[1]"})
    with pytest.raises(AlexNetError, match=rf"in the way.*it holds {name}"):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert (mine / name).read_bytes() == b"[1]"


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


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_that_changes_while_it_is_read(tmp_path, monkeypatch, packed):
    mode = "w:gz" if packed else "w"
    path = write_tar(tmp_path / "t.tar", two_classes(2), mode)
    others = photos(["dog/0.png", "dog/1.png", "cat/0.png", "cat/1.png"])  # of the same length

    def change(*_):
        write_tar(path, others, mode)

    with monkeypatch.context() as patch:
        patch.setattr("alexnet.data.prepare.announce", change)
        with pytest.raises(AlexNetError, match=r"t\.tar was changed while it was read"):
            prepare(path, tmp_path / "data", size=SIZE)
    assert not (tmp_path / "data").exists()
    made = prepare(path, tmp_path / "data", size=SIZE)
    tree = write_tree(tmp_path / "tree", others)
    assert made.set.fingerprint == prepare(tree, tmp_path / "2", size=SIZE).set.fingerprint


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
        expected, _ = square_of((tree / val.files[i]).read_bytes(), SIZE, "crop", "bicubic", True)
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
