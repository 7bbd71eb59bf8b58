"""Folders that get their name when they are finished: whole or not there, and swept when killed."""
# ruff: noqa: PT012, PT017, PTH208

import itertools
import os
import shutil
from pathlib import Path

import pytest

from alexnet import files
from alexnet.errors import AlexNetError
from tests.faults import Fault, failing, killed, struck

OLD, NEW = b"old" * 1000, b"new" * 999_999


def finished(folder: Path) -> Path:
    (folder / "inner").mkdir(parents=True)
    (folder / "a").write_bytes(OLD)
    (folder / "inner" / "b").write_bytes(NEW)
    return folder


def whole(folder: Path) -> bool:
    return (folder / "a").read_bytes() == OLD and (folder / "inner" / "b").read_bytes() == NEW


def test_a_folder_is_there_whole_or_not_at_all_whatever_fails(tmp_path: Path) -> None:
    temporary, final = finished(tmp_path / "temporary"), tmp_path / "final"
    for at in itertools.count():
        with struck([files], failing(at)) as fault:
            try:
                files.publish_folder(temporary, final)
            except AlexNetError as error:
                assert str(final) in str(error)
        assert whole(final if final.exists() else temporary)
        if not fault.reached:
            break
        if final.exists():
            final.rename(temporary)
    assert whole(final)
    assert fault.calls.index("rename") > fault.calls.index("fsync")
    assert fault.calls.count("fsync") == 5  # two files, two folders, the folder around


def test_a_folder_is_there_whole_or_not_at_all_after_death(tmp_path: Path) -> None:
    temporary, final = finished(tmp_path / "temporary"), tmp_path / "final"
    at = 0
    while killed([files], at, lambda: files.publish_folder(temporary, final)):
        assert whole(final if final.exists() else temporary)
        if final.exists():
            final.rename(temporary)
        at += 1
    assert whole(final)


def test_a_folder_does_not_take_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "final").mkdir()
    with pytest.raises(AlexNetError, match="exists already"):
        files.publish_folder(finished(tmp_path / "temporary"), tmp_path / "final")


def test_a_folder_in_the_making_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "made"
    with files.making_folder(final) as temporary:
        (temporary / "file").write_text("x")
        assert not final.exists()
    assert (final / "file").read_text() == "x"
    with pytest.raises(ZeroDivisionError), files.making_folder(tmp_path / "other") as temporary:
        (temporary / "file").write_text("x")
        raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep"]


def test_a_folder_in_the_making_takes_an_empty_place_only(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / "kept").write_text("x")
    with files.making_folder(empty) as temporary:
        (temporary / "file").write_text("x")
    assert (empty / "file").exists()
    with pytest.raises(AlexNetError, match="exists already"), files.making_folder(full) as made:
        (made / "file").write_text("x")
    assert [path.name for path in full.iterdir()] == ["kept"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


def made(final: Path) -> None:
    with files.making_folder(final) as temporary:
        (temporary / "inner").mkdir()
        files.write_bytes(temporary / "inner" / "b", NEW)
        files.write_bytes(temporary / "a", OLD)


def test_what_a_killed_process_left_of_a_folder_is_swept(tmp_path: Path) -> None:
    final, at = tmp_path / "final", 0
    while killed([files], at, lambda: made(final)):
        assert not final.exists() or whole(final)
        shutil.rmtree(final, ignore_errors=True)
        made(final)
        assert os.listdir(tmp_path) == ["final"]
        shutil.rmtree(final)
        at += 1
    assert whole(final)
    assert at >= 15


def test_a_folder_that_another_process_is_making_is_left_alone(tmp_path: Path) -> None:
    with files.making_folder(tmp_path / "one") as temporary:
        (temporary / "a").write_bytes(OLD)
        made(tmp_path / "two")
        files.write_bytes(tmp_path / "three", NEW)
    assert sorted(os.listdir(tmp_path)) == ["one", "three", "two"]
    assert os.listdir(tmp_path / "one") == ["a"]


def test_a_new_folder_lost_before_its_lock_is_made_anew(tmp_path: Path) -> None:
    def lose() -> None:
        next(tmp_path.glob(".alexnet-*")).rmdir()

    for at in (1, 2):  # before it is opened, before it is locked
        with struck([files], Fault(at, lose)) as fault:
            made(tmp_path / str(at))
        assert fault.calls[:6].count("mkdir") == 2
        assert whole(tmp_path / str(at))


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o700), (0o022, 0o755), (0o002, 0o775)])
def test_a_new_folder_has_the_rights_that_the_umask_leaves(
    tmp_path: Path, mask: int, mode: int
) -> None:
    former = os.umask(mask)
    try:
        made(tmp_path / "final")
    finally:
        os.umask(former)
    assert (tmp_path / "final").stat().st_mode & 0o777 == mode


def test_an_error_names_the_folder_by_the_name_that_it_was_to_have(tmp_path: Path) -> None:
    with pytest.raises(AlexNetError) as caught, files.making_folder(tmp_path / "final") as made:
        files.write_bytes(made / "none" / "a", NEW)
    assert str(caught.value).startswith(f"{tmp_path}/final/none/a could not be written")
    assert ".alexnet-" not in str(caught.value)
