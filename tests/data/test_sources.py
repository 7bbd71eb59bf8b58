import os

import pytest

from alexnet.data.sources import fingerprint, is_photo, open_source, stream
from alexnet.errors import UsageError
from tests.data.trees import photo, two_classes, write_tar, write_tree

FILES = two_classes(2)


def test_a_folder_gives_paths(tmp_path):
    folder = write_tree(tmp_path / "photos", FILES)
    source = open_source(folder)
    assert source.kind == "folder"
    streamed = list(stream(source, ["dog/1.png", "cat/0.png"]))
    assert streamed == [("cat/0.png", folder / "cat/0.png"), ("dog/1.png", folder / "dog/1.png")]


def test_a_link_to_a_folder_may_be_the_source(tmp_path):
    write_tree(tmp_path / "photos", FILES)
    (tmp_path / "link").symlink_to("photos")
    assert [entry.path for entry in open_source(tmp_path / "link").entries] == sorted(FILES)


def test_no_such_source(tmp_path):
    with pytest.raises(UsageError, match=r"There is no .*none\. Give a folder of class folders"):
        open_source(tmp_path / "none")


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="neither a folder nor a file"):
        open_source(tmp_path / "pipe")


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        open_source(tmp_path)


def test_fingerprints_see_every_change(tmp_path):
    folder = write_tree(tmp_path / "photos", FILES)
    before = fingerprint(open_source(folder))
    assert fingerprint(open_source(folder)) == before
    os.utime(folder / "cat/0.png", ns=(0, 0))
    touched = fingerprint(open_source(folder))
    (folder / "cat/2.png").write_bytes(photo())
    grown = fingerprint(open_source(folder))
    assert len({before, touched, grown}) == 3
    archive = write_tar(tmp_path / "t.tar", FILES)
    first = fingerprint(open_source(archive))
    os.utime(archive, ns=(0, 0))
    assert fingerprint(open_source(archive)) != first


def test_is_photo(tmp_path):
    write_tree(tmp_path, {"a.jpg": b"", "b": photo(), "c": b"text", ".d.jpg": photo()})
    taken = [n for n in ("a.jpg", "b", "c", ".d.jpg", "none") if is_photo(tmp_path / n)]
    assert taken == ["a.jpg", "b"]
