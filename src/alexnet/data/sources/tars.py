"""Tar archives, packed or not: what is in them, and where the bytes of each member are."""

import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alexnet.data.filenames import HEAD, must_look_inside, shown
from alexnet.data.sources.archives import BROKEN, DEVICE, LINK, clean, cut, is_packed
from alexnet.data.sources.entries import Entry, Extent, Raw, Unlabelled
from alexnet.data.sources.tarheaders import Headers, Member, Readable
from alexnet.data.sources.unpacking import CHUNK, Unpacked
from alexnet.errors import AlexNetError

PROBLEMS = {
    "link": LINK,
    "device": DEVICE,
    "sparse": "a file with holes (sparse); pack the archive again without --sparse",
}


@dataclass(frozen=True)
class Tar(Unlabelled):
    """A tar archive of photos: plain, or packed with gzip, bzip2 or xz.

    ``entries`` and ``stream`` raise AlexNetError where the archive is damaged or cut off. A second
    member of one name is not told from the first: that would take all names in memory.
    """

    looks: str = "a tar archive of photos"

    def entries(self) -> Iterator[Entry]:
        """All members in the archive's order; with their places where it is not packed."""
        self.notes.clear()
        last = ""
        try:
            with opened(self.path) as archive:
                headers = Headers(archive)
                for member in headers:
                    yield from entry(archive, member)
                    last = member.name
                self.notes.extend(_endings(self.path, archive, headers))
        except BROKEN as error:
            raise AlexNetError(cut(self.path, last, error)) from error

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """The places of the wanted members, or, where the archive is packed, their bytes.

        AlexNetError also where a wanted entry is not, or no longer, there.
        """
        try:
            if is_packed(self.path):
                with opened(self.path) as archive:
                    yield from _bytes(self.path, archive, wanted)
            else:
                for one in wanted:
                    yield Extent(self.path, one.offset, one.size)
        except BROKEN as error:
            raise AlexNetError(cut(self.path, "", error)) from error


class Region:
    """The bytes ``start`` to ``end`` of a file: an archive, or one that lies plain in another."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        self.descriptor, self.start, self.end = descriptor, start, end

    def read(self, at: int, count: int) -> bytes:
        """See Readable."""
        return os.pread(self.descriptor, max(min(count, self.end - at), 0), at)


@contextmanager
def opened(path: Path) -> Iterator[Region | Unpacked]:
    """The bytes of the archive at ``path``, as if it were not packed."""
    with path.open("rb", buffering=0) as file:
        if is_packed(path):
            yield Unpacked(path, file)
        else:
            yield Region(file.fileno(), 0, os.fstat(file.fileno()).st_size)


def entry(archive: Readable, member: Member) -> Iterator[Entry]:
    """One entry; none for a folder whose name is refused, for nothing is lost with it."""
    path, problem = clean(member.name)
    if member.kind == "folder":
        if not problem:
            yield Entry(path, folder=True)
        return
    problem = problem or PROBLEMS.get(member.kind, "")
    look = not problem and must_look_inside(path)
    head = archive.read(member.offset, min(HEAD, member.size)) if look else b""
    offset = -1 if archive.end is None or problem else member.offset
    yield Entry(path, member.size, member.stamp, head, problem, offset=offset)


def _bytes(path: Path, archive: Readable, wanted: Iterable[Entry]) -> Iterator[bytes]:
    members = iter(Headers(archive))
    for one in wanted:
        member = next((member for member in members if _is(one, member)), None)
        if member is None:
            raise AlexNetError(f"{shown(str(path))} was changed while it was read.")
        data = archive.read(member.offset, member.size)
        if len(data) < member.size:
            raise tarfile.ReadError("unexpected end of data")
        yield data


def _is(one: Entry, member: Member) -> bool:
    return member.kind == "file" and member.size == one.size and clean(member.name)[0] == one.path


def _endings(path: Path, archive: Readable, headers: Headers) -> Iterator[str]:
    """What is odd about the end of an archive."""
    if not headers.marked:
        yield endless(path.name)
    if goes_on(archive, headers):
        yield (
            f"{shown(path.name)} goes on behind the mark that ends a tar archive; what is there is "
            "not read. Give archives that were put together one by one."
        )


def goes_on(archive: Readable, headers: Headers) -> bool:
    """Whether something lies behind the mark that ends an archive, which has been read so far."""
    # To the end of a packed one, where its checksum stands; else nobody would look at it.
    at, more = headers.at, False
    while chunk := archive.read(at, CHUNK):
        at, more = at + len(chunk), more or any(chunk)
        if archive.end is not None:
            break
    return more


def endless(name: str) -> str:
    """The sentence about an archive that only seems to be whole."""
    return (
        f"{shown(name)} lacks the mark that ends a tar archive: "
        "if it was downloaded, the download may have stopped early."
    )
