"""Tar archives, packed or not: what is in them, and the bytes of each member, in their order."""

import io
import tarfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from alexnet.data.archives import BROKEN, DEVICE, LINK, Members, clean, cut, unpacked
from alexnet.data.filenames import HEAD, must_look_inside, shown
from alexnet.data.trees import Entry
from alexnet.errors import AlexNetError


def list_tar(path: Path) -> tuple[list[Entry], list[str], list[str]]:
    """Entries in the archive's order, folders, and things to say; AlexNetError where it is cut."""
    members, last = Members(), ""
    try:
        with _opened(path) as tar:
            for member in _in_order(tar):
                last = member.name
                if member.isdir():
                    members.add_folder(member.name)
                else:
                    problem = members.problem(member.name) or _problem(member)
                    head = b"" if problem else _head(tar, member)
                    members.add(member.name, member.size, _stamp(member), head, problem)
            notes = [] if _has_end(tar) else [_endless(path)]
            _check_rest(tar)
    except BROKEN as error:
        raise AlexNetError(cut(path, last, error)) from error
    return members.entries, sorted(members.folders), notes


def stream_tar(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes | str]]:
    """(name, bytes) of the wanted members, in the archive's order."""
    left = set(wanted)
    try:
        with _opened(path) as tar:
            for member in _in_order(tar):
                name, problem = clean(member.name)
                if not problem and member.isreg() and name in left:
                    left.remove(name)
                    file = tar.extractfile(member)
                    yield name, b"" if file is None else file.read()
                if not left:
                    return
    except BROKEN as error:
        raise AlexNetError(cut(path, "", error)) from error


class _Strict(tarfile.TarInfo):
    """tarfile takes damage between two members for the end of the archive; here it is an error."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not any(buf):  # zeros end an archive; some end without
                raise
            raise tarfile.ReadError(str(error)) from error


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with (
        unpacked(path) as stream,
        tarfile.open(
            fileobj=stream, mode="r:", tarinfo=_Strict, encoding="utf-8", errors="surrogateescape"
        ) as tar,
    ):
        yield tar


def _in_order(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := tar.next()) is not None:
        # tarfile keeps what it has passed: a gigabyte for a million members.
        tar.members.clear()  # type: ignore[attr-defined]
        yield member


def _head(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if must_look_inside(clean(member.name)[0]) else None
    return file.read(HEAD) if file is not None else b""


def _problem(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return LINK
    return "" if member.isreg() else DEVICE


def _stamp(member: tarfile.TarInfo) -> int:
    return int(member.mtime * 1_000_000_000)


def _has_end(tar: tarfile.TarFile) -> bool:
    """Whether the last thing read was the block of zeros that ends an archive."""
    return tar.fileobj is not None and tar.fileobj.tell() > tar.offset


def _check_rest(tar: tarfile.TarFile) -> None:
    """Read to the end of a packed archive, where its checksum stands; else nobody looks at it."""
    if tar.fileobj is not None and not isinstance(tar.fileobj, io.BufferedReader):
        while tar.fileobj.read(1 << 20):
            pass


def _endless(path: Path) -> str:
    return (
        f"{shown(path.name)} lacks the mark that ends a tar archive: "
        "if it was downloaded, the download may have stopped early."
    )
