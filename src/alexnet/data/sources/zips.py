"""Zip archives: what is in them, and where the bytes of each member are, in their order."""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from alexnet.data.decoding.recognise import Unreadable
from alexnet.data.filenames import must_look_inside, shown
from alexnet.data.sources.archives import BROKEN, DEVICE, LINK, clean, cut
from alexnet.data.sources.entries import Entry, Extent, Raw, Unlabelled
from alexnet.data.sources.zip_directory import (
    ENCRYPTED,
    Directory,
    Member,
    Refused,
    find_directory,
    members,
)
from alexnet.data.sources.zip_members import data_offset, first_bytes, size_problem, whole
from alexnet.errors import AlexNetError

ORDINARY, SYMBOLIC, FOLDER = 0o10, 0o12, 0o4  # types of file, the upper four bits of a mode


@dataclass(frozen=True)
class Zip(Unlabelled):
    """A zip archive of photos, however many: its directory is read as a stream.

    ``entries`` and ``stream`` raise AlexNetError where the archive is damaged, encrypted, one
    volume of several, or has members that share bytes, as bombs do. A second member of one name
    is not told from the first; members are found again by name, size and their order.
    """

    looks: str = "a zip archive of photos"

    def entries(self) -> Iterator[Entry]:
        """All members in the order of the archive's directory; nearly always that of its bytes."""
        self.notes.clear()
        with _opened(self.path) as archive:
            if archive.directory.after:
                self.notes.append(_behind(self.path, archive.directory.after))
            for member in _apart(self.path, archive):
                yield from _entry(archive, member)

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """The place of those that are not packed, found to be undamaged; the bytes of the rest.

        AlexNetError also where a wanted entry is not, or no longer, there.
        """
        with _opened(self.path) as archive:
            listed = members(archive.file, archive.directory)
            for entry in wanted:
                member = next((one for one in listed if _is(entry, one)), None)
                if member is None:
                    raise AlexNetError(f"{shown(str(self.path))} was changed while it was read.")
                yield _raw(archive, member, entry)


class _Archive(NamedTuple):
    path: Path
    file: BinaryIO  # at its place in the directory; members are read beside it
    directory: Directory

    @property
    def descriptor(self) -> int:
        return self.file.fileno()


@contextmanager
def _opened(path: Path) -> Iterator[_Archive]:
    try:
        with path.open("rb", buffering=1 << 20) as file:
            yield _Archive(path, file, find_directory(file))
    except Refused as error:
        raise AlexNetError(f"{shown(str(path))} {error}.") from error
    except BROKEN as error:
        raise AlexNetError(cut(path, "", error)) from error


def _apart(path: Path, archive: _Archive) -> Iterator[Member]:
    """All members; AlexNetError where two share bytes, so that a few could unpack to any amount."""
    last, ordered = None, True
    for member in members(archive.file, archive.directory):
        if last and last.offset <= member.offset < last.end:
            raise AlexNetError(_shared(path, last.name, member.name))
        ordered = ordered and (last is None or last.end <= member.offset)
        last = member
        yield member
    if not ordered:
        _check_apart(path, archive)


def _check_apart(path: Path, archive: _Archive) -> None:
    """The same for a directory in another order: 16 bytes of memory a member."""
    end = archive.directory.start  # what lies beyond is refused one by one, and may be any number
    every = members(archive.file, archive.directory)
    table = np.fromiter((min(n, end) for one in every for n in (one.offset, one.end)), np.int64)
    table = table.reshape(-1, 2)
    table = table[table[:, 0].argsort(kind="stable")]
    shared = np.flatnonzero(table[1:, 0] < table[:-1, 1])
    if len(shared):
        places = {int(table[i, 0]) for i in (shared[0], shared[0] + 1)}
        every = members(archive.file, archive.directory)
        names = [one.name for one in every if one.offset in places]
        raise AlexNetError(_shared(path, names[0], names[-1]))


def _shared(path: Path, first: str, second: str) -> str:
    return (
        f"{shown(str(path))} is refused: its members {shown(first)} and {shown(second)} share "
        "bytes: it is damaged or made for an attack. Pack the photos again."
    )


def _entry(archive: _Archive, member: Member) -> Iterator[Entry]:
    """One entry; none for a folder whose name is refused, for nothing is lost with it."""
    path, problem = clean(member.name)
    if member.flags & ENCRYPTED:
        raise AlexNetError(_encrypted(archive.path, member.name))
    if _is_folder(member) and not member.size:
        if not problem:
            yield Entry(path, folder=True)
        return
    offset, head = -1, b""
    try:
        problem = problem or _problem(member)
        if not problem:
            offset, head = _place(archive, member, path)
    except Unreadable as error:
        problem = str(error)
    yield Entry(path, member.size, member.stamp, head, problem, offset=offset)


def _is_folder(member: Member) -> bool:
    return member.name.endswith("/") or member.mode >> 12 == FOLDER


def _problem(member: Member) -> str:
    kind = member.mode >> 12
    if kind == SYMBOLIC:
        return LINK
    if _is_folder(member):
        return "a folder that holds bytes"
    return size_problem(member) if kind in (0, ORDINARY) else DEVICE


def _place(archive: _Archive, member: Member, path: str) -> tuple[int, bytes]:
    """Where its bytes begin if they are not packed, and the first of them if they must be seen."""
    end = archive.directory.start
    head = first_bytes(archive.descriptor, member, end) if must_look_inside(path) else b""
    stored = member.method == zipfile.ZIP_STORED
    return data_offset(archive.descriptor, member, end) if stored else -1, head


def _is(entry: Entry, member: Member) -> bool:
    path, problem = clean(member.name)
    return path == entry.path and member.size == entry.size and not (problem or _problem(member))


def _raw(archive: _Archive, member: Member, entry: Entry) -> Raw:
    try:
        # Also of those that a worker reads itself: it does not know their check sum.
        data = whole(archive.descriptor, member, archive.directory.start)
    except Unreadable as error:
        return str(error)
    return data if entry.offset < 0 else Extent(archive.path, entry.offset, entry.size)


def _behind(path: Path, count: int) -> str:
    return f"{shown(path.name)}: {count:,} bytes behind the end of the archive are ignored."


def _encrypted(path: Path, name: str) -> str:
    return (
        f"{shown(str(path))} is encrypted ({shown(name)} asks for a password). "
        "Unpack it yourself and give the folder."
    )
