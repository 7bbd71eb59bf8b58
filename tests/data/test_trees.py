import os
import socket

import pytest

from alexnet.data import trees
from alexnet.data.trees import walk
from tests.data.trees import photo, write_tree


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "tree", {"cat/1.png": photo(), "dog/deep/2": b"text"})


def problems(folder):
    return {entry.path: entry.problem for entry in walk(folder)[0]}


def test_files_and_folders(tree):
    (tree / "empty").mkdir()
    entries, folders = walk(tree)
    assert [entry.path for entry in entries] == ["cat/1.png", "dog/deep/2"]
    assert folders == ["cat", "dog", "dog/deep", "empty"]
    assert entries[0].size == len(photo())
    assert (entries[0].head, entries[1].head) == (b"", b"text")


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


def test_a_folder_that_cannot_be_listed(tree, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("cat"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(trees.os, "scandir", refuse)
    assert problems(tree)["cat"] == "a folder that cannot be listed: Permission denied"
