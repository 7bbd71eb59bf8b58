"""Whether a set fits into memory, and that all of it is asked for where it does."""

import os
from pathlib import Path

import pytest

from alexnet.training import memory


def files(folder: Path, *sizes: int) -> list[Path]:
    paths = [folder / f"{n}.npy" for n in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        with path.open("wb") as file:
            file.truncate(size)
    return paths


def machine_with(patched: pytest.MonkeyPatch, free: int) -> None:
    patched.setattr(memory, "free_memory", lambda: free)


def test_what_fits_is_asked_for_to_the_last_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_with(monkeypatch, 1 << 30)
    asked: list[tuple[str, int, int]] = []

    def advise(file: int, start: int, length: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_WILLNEED
        asked.append((Path(f"/proc/self/fd/{file}").readlink().name, start, length))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    sizes = (1, memory.AT_ONCE, 3 * memory.AT_ONCE + 5)
    said: list[str] = []
    paths = files(tmp_path, *sizes)
    thread = memory.read_ahead(paths, said.append)
    assert thread is not None
    assert thread.daemon
    thread.join(30)
    assert said == ["The set (0.5 MB) fits into memory and is read ahead."]
    for path, size in zip(paths, sizes, strict=True):
        own = [(start, length) for name, start, length in asked if name == path.name]
        ends = [start + length for start, length in own]
        assert [start for start, _ in own] == [0, *ends[:-1]]  # one after the other, no gap
        assert ends[-1] >= size
        assert max(length for _, length in own) <= memory.AT_ONCE


def test_what_does_not_fit_is_left_and_it_is_said_by_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_with(monkeypatch, 2_000_000_000)
    monkeypatch.setattr(os, "posix_fadvise", None)
    said: list[str] = []
    paths = files(tmp_path, 1_700_000_000)
    assert memory.read_ahead(paths, said.append) is None
    assert said == [
        "The set (1.7 GB) does not fit into memory, 0.2 GB are missing: pictures are read from the "
        "disk again and again."
    ]
    assert memory.missing(paths) == 200_000_000
    assert memory.missing(files(tmp_path, 1_500_000_000)) == 0


def test_a_set_that_lies_in_memory_already_needs_no_word() -> None:
    said: list[str] = []
    assert memory.read_ahead([], said.append) is None
    assert said == []


def test_a_file_that_is_gone_by_then_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path, 5, 5)
    paths[0].unlink()
    asked: list[int] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *given: asked.append(given[1]))
    memory._ask_for(paths)
    assert asked == [0]
