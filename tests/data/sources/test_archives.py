"""What tar and zip archives share: told by content, and names that are not taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet.data.sources.archives import archive_kind, clean, cut, is_packed
from tests.data.trees import photo, two_classes, write_tar, write_zip

FILES = two_classes(1)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars_whatever_they_are_called(tmp_path, mode):
    path = write_tar(tmp_path / "some name.jpg", FILES, mode)
    assert archive_kind(path) == "tar"
    assert is_packed(path) == (mode != "w")


def test_zips_with_bytes_before_them_too(tmp_path):
    path = write_zip(tmp_path / "z.tar", FILES)
    assert archive_kind(path) == "zip"
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    assert archive_kind(path) == "zip"


def test_an_empty_tar_is_a_tar(tmp_path):
    assert archive_kind(write_tar(tmp_path / "t", {})) == "tar"


@pytest.mark.parametrize("content", [photo(), b"", b"Rar!\x1a\x07\x00" + bytes(600), bytes(100)])
def test_what_is_neither(tmp_path, content):
    (tmp_path / "x.tar").write_bytes(content)
    assert archive_kind(tmp_path / "x.tar") == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("/etc/passwd", "an absolute name; archives must hold relative ones"),
        ("//a", "an absolute name; archives must hold relative ones"),
        ("a/../b", "a name that leads out of the archive (..)"),
        ("..", "a name that leads out of the archive (..)"),
        ("./", "a member without a name"),
        ("", "a member without a name"),
        ("a\0b", "a name with a NUL byte"),
    ],
)
def test_names_that_are_refused(name, problem):
    assert clean(name) == (name if problem != "a member without a name" else "", problem)


@given(st.text())
def test_a_name_that_is_taken_leads_nowhere_else_and_stays_as_it_is(name):
    path, problem = clean(name)
    if not problem:
        assert not {"", ".", ".."} & set(path.split("/"))
        assert clean(path) == (path, "")


def test_the_sentence_about_a_damaged_archive_is_one_line():
    said = cut("a\n.tar", "cat/\x1b1.png", EOFError())
    assert said.isprintable()
    assert r"a\n.tar is damaged" in said
    assert "(EOFError)" in said
