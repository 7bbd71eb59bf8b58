"""Whatever lies in a source: kept or named, never fatal, and never touched."""

import os
import tarfile

import pytest

from alexnet.data.prepare import prepare
from alexnet.data.store import open_set
from alexnet.errors import AlexNetError
from tests.data.here import assert_adds_up
from tests.data.trees import photo, photos, two_classes, write_tar, write_tree
from tests.shared import shared_data

SIZE = 32
pytestmark = pytest.mark.usefixtures("here")


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


def test_data_that_is_something_else_is_never_touched(tree, tmp_path):
    write_tree(tmp_path / "mine", {"letter.txt": b"dear"})
    with pytest.raises(AlexNetError, match="exists and is no prepared set"):
        prepare(tree, tmp_path / "mine", size=SIZE)
    write_tree(tmp_path / "data.part", {"letter.txt": b"dear"})
    with pytest.raises(AlexNetError, match=r"data\.part is in the way.*it holds letter\.txt"):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert [path.name for path in (tmp_path / "data.part").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["lockers.txt", "lock-1-of-x", "job.json", "set.json"])
def test_no_name_makes_a_file_ours(tree, tmp_path, name):
    mine = write_tree(tmp_path / "data.part", {name: b"[1]"})
    with pytest.raises(AlexNetError, match=rf"in the way.*it holds {name}"):
        prepare(tree, tmp_path / "data", size=SIZE)
    assert (mine / name).read_bytes() == b"[1]"
