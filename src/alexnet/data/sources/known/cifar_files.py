"""The files of CIFAR, whether they lie in a folder or in an archive, which is never unpacked."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from alexnet.data.filenames import shown
from alexnet.data.sources.tarheaders import Headers, Member, Readable
from alexnet.data.sources.tars import Region, opened

CHUNK = 1 << 20  # bytes read at once where they are only passed


class File(NamedTuple):
    """A file of the set; only as long as the next one is not asked for."""

    name: str
    folder: str  # the name of the folder it lies in
    size: int  # bytes
    stamp: int  # time of last change, nanoseconds
    where: str  # what sentences call it
    read: Callable[[int, int], bytes]  # bytes from an offset on, so many; only forwards


def in_folder(folder: Path, names: Iterable[str]) -> Iterator[File]:
    """The files of these names, as far as they are there. OSError."""
    for name in names:
        path = folder / name
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                facts = path.stat()
                read = Region(file.fileno(), 0, facts.st_size).read
                size, stamp = facts.st_size, facts.st_mtime_ns
                yield File(name, folder.resolve().name, size, stamp, shown(str(path)), read)


def in_archive(path: Path) -> Iterator[File]:
    """All ordinary files of a tar archive, packed or not. Raises archives.BROKEN."""
    with opened(path) as archive:
        headers = Headers(archive)
        for member in headers:
            if member.kind == "file":
                folder, _, name = member.name.rpartition("/")
                where = f"{shown(name)} in {shown(str(path))}"
                read = partial(_read, archive, member)
                above = folder.rpartition("/")[2]
                yield File(name, above, member.size, member.stamp, where, read)
        at = headers.at  # to the end of a packed one, where its checksum stands
        while passed := archive.read(at, CHUNK):
            at += len(passed)


def _read(archive: Readable, member: Member, start: int, count: int) -> bytes:
    return archive.read(member.offset + start, max(0, min(count, member.size - start)))
