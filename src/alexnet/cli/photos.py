"""From the words of a command to the photos they mean: files, folders, globs, a list on `-`."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from alexnet.data.filenames import skipped_folder
from alexnet.data.sources.opening import is_photo
from alexnet.errors import UsageError


@dataclass(frozen=True)
class Found:
    """Photos to look at, in order, and how many other files the folders held."""

    photos: list[Path]
    others: int


def find(words: Sequence[str], listed: BinaryIO | None = None) -> Found:
    """All photos that ``words`` mean; ``listed`` is read for the word ``-``.

    A file is taken as it is named; of a folder, the photos in it and below, sorted. UsageError
    where nothing is left.
    """
    photos: list[Path] = []
    others = 0
    for path in _paths(words, listed or sys.stdin.buffer):
        inside = _inside(path) if path.is_dir() else [path]
        kept = [file for file in inside if not path.is_dir() or is_photo(file)]
        photos += kept
        others += len(inside) - len(kept)
    if not photos:
        raise UsageError(_nothing(words, others))
    return Found(photos, others)


def _paths(words: Sequence[str], listed: BinaryIO) -> Iterator[Path]:
    for word in words:
        if word == "-":
            yield from map(Path, _lines(listed.read()))
        elif glob.has_magic(word) and not os.path.lexists(word):
            # Nothing found: the pattern itself is kept, and answered with "no such file".
            found = sorted(glob.glob(word, recursive=True))  # noqa: PTH207 - may begin at the root
            yield from map(Path, found or [word])
        else:
            yield Path(word)


def _lines(data: bytes) -> list[str]:
    """Paths, one a line, or ended by NUL (`find -print0`) where there is one."""
    pieces = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(piece) for piece in pieces if piece.strip()]


def _inside(folder: Path) -> list[Path]:
    files: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not skipped_folder(name)]
        files += [Path(parent, name) for name in names]
    return sorted(files)


def _nothing(words: Sequence[str], others: int) -> str:
    where = "standard input" if list(words) == ["-"] else ", ".join(words)
    held = f" (only {others} files of other kinds)" if others else ""
    return (
        f"No photos were found in {where}{held}; give photos, folders of photos, or - for a list."
    )
