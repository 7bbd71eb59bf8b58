"""files.py against a disk that fails and a machine that dies at every single system call."""
# ruff: noqa: PT012, PT017, PTH208

import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from alexnet import files
from alexnet.errors import AlexNetError
from tests.faults import ERRORS, Fault, failing, killed, struck

OLD, NEW, LATER = b"old" * 1000, b"new" * 999_999, b"later"


def pieces(path: Path) -> None:
    with files.replacing(path) as file:
        for start in range(0, len(NEW), 700_000):
            file.write(NEW[start : start + 700_000])


WRITERS: dict[str, tuple[Callable[[Path], None], bytes]] = {
    "bytes": (lambda path: files.write_bytes(path, NEW), NEW),
    "text": (lambda path: files.write_text(path, NEW.decode()), NEW),
    "json": (
        lambda path: files.write_json(path, {"a": [1, 2]}),
        b'{\n  "a": [\n    1,\n    2\n  ]\n}\n',
    ),
    "pieces": (pieces, NEW),
}


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_failure_at_any_call_leaves_old_or_new(
    tmp_path: Path, writer: str, number: int, lasting: bool
) -> None:
    write, new = WRITERS[writer]
    path = tmp_path / "file"
    for at in itertools.count():
        path.write_bytes(OLD)
        with struck([files], failing(at, number, lasting)) as fault:
            try:
                write(path)
            except AlexNetError as error:
                assert str(path) in str(error)
                assert path.read_bytes() in (OLD, new)
            else:
                assert path.read_bytes() == new
        files.write_bytes(path, LATER)
        assert path.read_bytes() == LATER
        assert os.listdir(tmp_path) == ["file"]
        if not fault.reached:
            break
    assert at >= 8


@pytest.mark.parametrize("old", [OLD, None])
@pytest.mark.parametrize("writer", WRITERS)
def test_death_at_any_call_leaves_old_or_new(
    tmp_path: Path, writer: str, old: bytes | None
) -> None:
    write, new = WRITERS[writer]
    path = tmp_path / "file"
    for at in itertools.count():
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        died = killed([files], at, lambda: write(path))
        found = path.read_bytes() if path.exists() else None
        assert found in ((old, new) if died else (new,))
        files.write_bytes(path, LATER)
        assert os.listdir(tmp_path) == ["file"]
        if not died:
            break
    assert at >= 8


def test_all_is_on_disk_before_the_name_changes_and_the_name_after(tmp_path: Path) -> None:
    with struck([files], failing(-1)) as fault:
        files.write_bytes(tmp_path / "file", NEW)
    order = [call for call in fault.calls if call in ("write", "fsync", "rename")]
    assert order[-4:] == ["write", "fsync", "rename", "fsync"]


def test_the_temporary_file_of_a_failed_write_is_removed(tmp_path: Path) -> None:
    with struck([files], failing(4)), pytest.raises(AlexNetError):
        files.write_bytes(tmp_path / "file", NEW)
    assert os.listdir(tmp_path) == []


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Short:
        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        def write(self, descriptor: int, data: memoryview) -> int:
            return os.write(descriptor, memoryview(data)[:100_003])

    monkeypatch.setattr(files, "os", Short())
    files.write_bytes(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == NEW


def test_an_exception_in_the_block_is_the_callers_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    with pytest.raises(FileNotFoundError), files.replacing(path) as file:
        file.write(NEW)
        raise FileNotFoundError
    assert path.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["file"]


def test_a_name_of_255_bytes_can_be_written(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / ("n" * 255), NEW)
    assert os.listdir(tmp_path) == ["n" * 255]


def test_what_another_process_writes_at_this_moment_is_left_alone(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "one") as one, files.replacing(tmp_path / "two") as two:
        one.write(b"1")
        two.write(b"2")
        files.write_bytes(tmp_path / "three", b"3")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "one": b"1", "two": b"2", "three": b"3",
    }  # fmt: skip


def test_a_temporary_file_lost_before_its_lock_is_made_anew(tmp_path: Path) -> None:
    removed = []

    def lose() -> None:
        removed.extend(tmp_path.glob(".alexnet-*"))
        removed[0].unlink()

    with struck([files], Fault(1, lose)) as fault:
        files.write_bytes(tmp_path / "file", NEW)
    assert fault.calls[:5] == ["open", "flock", "close", "open", "flock"]
    assert (tmp_path / "file").read_bytes() == NEW


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    files.write_bytes(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "file").read_bytes() == NEW


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(AlexNetError, match="no ordinary file"):
            files.write_bytes(tmp_path / name, NEW)


def test_errors_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(
        AlexNetError, match=r"file could not be written: there is no folder .*none\."
    ):
        files.write_bytes(tmp_path / "none" / "file", NEW)
    with (
        struck([files], failing(0, errno.ENOSPC)),
        pytest.raises(AlexNetError, match=r"the disk is full \([\d,]+ MB free in .*\); make room"),
    ):
        files.write_bytes(tmp_path / "file", NEW)
    with (
        struck([files], failing(0, errno.EACCES)),
        pytest.raises(AlexNetError, match="Permission denied"),
    ):
        files.write_bytes(tmp_path / "file", NEW)


def test_numpy_arrays_go_through_the_same_calls(tmp_path: Path) -> None:
    array = np.arange(1_000_000)
    with struck([files], failing(-1)) as fault, files.replacing(tmp_path / "a.npy") as file:
        np.save(file, array)
    assert "write" in fault.calls
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


def test_json_reads_back_and_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    value = {"z": 1.1, "a": ["Füße", "\udc80", None, True], "text": 'say "\\udc80"'}
    files.write_json(path, value)
    assert files.read_json(path) == value
    assert list(files.read_json(path)) == ["z", "a", "text"]
    assert "Füße" in path.read_text(encoding="utf-8")
    with pytest.raises(AlexNetError, match="would be no JSON"):
        files.write_json(path, float("nan"))
    assert files.read_json(path) == value
    with pytest.raises(AlexNetError, match=r"none\.json cannot be read: No such file"):
        files.read_json(tmp_path / "none.json")
    for text in (b'{"a": ', b"\xff\xfe", b"[" * 100_000):
        path.write_bytes(text)
        with pytest.raises(AlexNetError, match="is no JSON"):
            files.read_json(path)


def test_text_keeps_names_of_other_encodings(tmp_path: Path) -> None:
    files.write_text(tmp_path / "list", os.fsdecode(b"caf\xe9\n"))
    assert (tmp_path / "list").read_bytes() == b"caf\xe9\n"


def new(path: Path) -> None:
    files.write_bytes(path, NEW, new=True)


def test_a_new_file_takes_no_other_s_place(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(OLD)
    for name in ("file", "link"):
        with pytest.raises(AlexNetError, match=f"{name} exists already; choose another name"):
            new(tmp_path / name)
    assert (tmp_path / "file").read_bytes() == OLD
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_takes_no_place_that_was_taken_in_the_meantime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    path = tmp_path / "file"
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with (
        pytest.raises(AlexNetError, match="file exists already"),
        files.replacing(path, lambda _: path.write_bytes(LATER) and None, new=True) as file,
    ):
        file.write(NEW)
    assert path.read_bytes() == LATER
    assert os.listdir(tmp_path) == ["file"]


def no_links(*_: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_new_file_on_a_disk_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    new(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == NEW
    assert os.listdir(tmp_path) == ["file"]


def test_death_at_any_call_leaves_a_new_file_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for at in itertools.count():
        died = killed([files], at, lambda: new(path))
        assert not path.exists() or path.read_bytes() == NEW
        path.unlink(missing_ok=True)
        files.write_bytes(tmp_path / "other", LATER)
        assert os.listdir(tmp_path) == ["other"]
        if not died:
            break
    assert at >= 8


def test_a_place_that_takes_no_files_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.check_place(tmp_path / "deep" / "er" / "file", making=True)
    with pytest.raises(AlexNetError, match="there is no folder"):
        files.check_place(tmp_path / "deep" / "file")
    files.check_place(Path("file"))
    (tmp_path / "text").write_bytes(OLD)
    with pytest.raises(AlexNetError, match="Not a directory"):
        files.check_place(tmp_path / "text" / "file")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(AlexNetError, match="file could not be written: Permission denied"):
        files.check_place(tmp_path / "file")
    assert os.listdir(tmp_path) == ["text"]
