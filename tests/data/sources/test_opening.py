import os

import pytest

from alexnet.data.sources.opening import is_photo, open_source
from alexnet.errors import UsageError
from tests.data.trees import photo, two_classes, write_tar, write_tree, write_zip

FILES = two_classes(2)


def names(source):
    return [entry.path for entry in source.entries() if not entry.folder]


def test_what_lies_there_is_told_by_its_content(tmp_path):
    sources = {
        "a folder of photos": write_tree(tmp_path / "photos", FILES),
        "a tar archive of photos": write_tar(tmp_path / "tar.zip", FILES),
        "a zip archive of photos": write_zip(tmp_path / "zip.tar", FILES),
    }
    for looks, path in sources.items():
        source = open_source(path)
        assert (source.looks, source.path) == (looks, path)
        assert not source.labelled
        assert source.upright
        assert names(source) == list(FILES)


def test_only_what_is_wanted_is_handed_out(tmp_path):
    for path in (
        write_tree(tmp_path / "photos", FILES),
        write_tar(tmp_path / "t.tar", FILES),
        write_tar(tmp_path / "t.tgz", FILES, "w:gz"),
        write_zip(tmp_path / "z.zip", FILES),
    ):
        source = open_source(path)
        wanted = [e for e in source.entries() if e.path in ("cat/0.png", "dog/1.png")]
        assert len(list(source.stream(wanted))) == 2


def test_a_link_to_a_folder_may_be_the_source(tmp_path):
    write_tree(tmp_path / "photos", FILES)
    (tmp_path / "link").symlink_to("photos")
    assert names(open_source(tmp_path / "link")) == sorted(FILES)


def test_no_such_source(tmp_path):
    with pytest.raises(UsageError, match=r"There is no .*none\. Give a folder of class folders"):
        open_source(tmp_path / "none")


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="neither a folder nor a file"):
        open_source(tmp_path / "pipe")


def test_a_file_that_is_something_else(tmp_path):
    for name, content in {"notes.txt": b"hello\n", "photo.png": photo(), "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=rf"{name} is a file, but no tar, zip or list"):
            open_source(tmp_path / name)


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        open_source(tmp_path)


def test_is_photo(tmp_path):
    write_tree(tmp_path, {"a.jpg": b"", "b": photo(), "c": b"text", ".d.jpg": photo()})
    taken = [n for n in ("a.jpg", "b", "c", ".d.jpg", "none") if is_photo(tmp_path / n)]
    assert taken == ["a.jpg", "b"]
