import os
import socket
from pathlib import Path

import pytest

from alexnet.data.sources import trees
from alexnet.data.sources.trees import Tree
from tests.data.trees import photo, write_tree


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "tree", {"cat/1.png": photo(), "dog/deep/2": b"text"})


def problems(folder):
    return {entry.path: entry.problem for entry in Tree(folder).entries() if not entry.folder}


def test_files_and_folders(tree):
    (tree / "empty").mkdir()
    entries = list(Tree(tree).entries())
    assert [entry.path for entry in entries if not entry.folder] == ["cat/1.png", "dog/deep/2"]
    assert sorted(e.path for e in entries if e.folder) == ["cat", "dog", "dog/deep", "empty"]
    first, second = (entry for entry in entries if not entry.folder)
    assert (first.size, first.stamp) == (len(photo()), (tree / "cat/1.png").stat().st_mtime_ns)
    assert (first.head, second.head) == (b"", b"text")


def test_a_folder_is_read_through_before_the_next(tree):
    write_tree(tree, {"cat/0.png": b"", "cat/a/1.png": b"", "cat/z.png": b"", "a.png": b""})
    files = [entry.path for entry in Tree(tree).entries() if not entry.folder]
    assert files == [
        "a.png", "cat/0.png", "cat/1.png", "cat/z.png", "cat/a/1.png", "dog/deep/2",
    ]  # fmt: skip


def test_photos_are_read_where_they_lie(tree):
    source = Tree(tree)
    wanted = [entry for entry in source.entries() if not entry.folder]
    assert list(source.stream(wanted)) == [tree / "cat/1.png", tree / "dog/deep/2"]


def test_links(tree):
    (tree / "cat/good.png").symlink_to("1.png")
    (tree / "cat/nothing.png").symlink_to("none.png")
    (tree / "cat/loop_a.png").symlink_to("loop_b.png")
    (tree / "cat/loop_b.png").symlink_to("loop_a.png")
    (tree / "cat/up").symlink_to("..")
    found = problems(tree)
    assert found["cat/good.png"] == ""
    assert found["cat/nothing.png"] == "a link to nothing"
    assert found["cat/loop_a.png"] == found["cat/loop_b.png"]
    assert found["cat/loop_a.png"] == "a link that leads round in a circle"
    assert found["cat/up"] == "a link to a folder; such links are not followed"
    assert len(found) == 7


def test_what_would_block_is_never_opened(tree, monkeypatch):
    os.mkfifo(tree / "cat/pipe.jpg")
    os.mkfifo(tree / "cat/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tree)  # the name of a socket may have 107 bytes only
        listener.bind("cat/socket.jpg")
        found = problems(tree)
    for name in ("cat/pipe.jpg", "cat/pipe", "cat/socket.jpg"):
        assert found[name] == "a pipe, socket or device, not a file"


def test_names_of_other_encodings(tree):
    (tree / "cat" / os.fsdecode(b"\xff\xfe.png")).write_bytes(photo())
    assert "cat/\udcff\udcfe.png" in problems(tree)


def test_folders_deeper_than_pythons_stack(tmp_path):
    below = [tmp_path / ("d/" * depth) for depth in range(1, 1201)]
    for folder in below:
        folder.mkdir()
    (below[-1] / "1.png").write_bytes(photo())
    assert problems(tmp_path) == {f"{'d/' * 1200}1.png": ""}
    (below[-1] / "1.png").unlink()
    for folder in reversed(below):  # pytest's own way to clear up is a recursion
        folder.rmdir()


def test_a_file_that_nobody_can_look_into(tree, monkeypatch):
    (tree / "cat/photo").write_bytes(photo())
    opened = Path.open

    def refuse(path, *mode):
        if path.name == "photo":
            raise PermissionError(13, "Permission denied")
        return opened(path, *mode)

    monkeypatch.setattr(Path, "open", refuse)
    assert problems(tree)["cat/photo"] == "cannot be read: Permission denied"


def test_a_folder_that_cannot_be_listed(tree, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("cat"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(trees.os, "scandir", refuse)
    assert problems(tree)["cat"] == "a folder that cannot be listed: Permission denied"
