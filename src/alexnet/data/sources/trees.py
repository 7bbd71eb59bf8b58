"""What lies in a folder: every file below it, links judged, nothing opened that could block."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alexnet.data.filenames import HEAD, must_look_inside
from alexnet.data.sources.entries import Entry, Raw, Unlabelled


@dataclass(frozen=True)
class Tree(Unlabelled):
    """A folder of photos. Links to files are followed; links to folders are not walked."""

    looks: str = "a folder of photos"

    def entries(self) -> Iterator[Entry]:
        """All files and folders below, folder by folder, each sorted by name; raises nothing."""
        return _walk(self.path, "")

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """Their paths, so that whoever decodes can read them."""
        return (self.path / entry.path for entry in wanted)


def _walk(folder: Path, inside: str) -> Iterator[Entry]:
    waiting = [inside]  # not by recursion: folders can lie deeper than Python's stack is
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(folder / inside) as scan:
                found = sorted(scan, key=lambda item: item.name)
        except OSError as error:
            yield Entry(inside, problem=f"a folder that cannot be listed: {_why(error)}")
            continue
        below = []
        for item in found:
            path = f"{inside}/{item.name}" if inside else item.name
            if item.is_dir(follow_symlinks=False):
                yield Entry(path, folder=True)
                below.append(path)
            else:
                yield _entry(path, item)
        waiting += reversed(below)


def _entry(path: str, item: os.DirEntry[str]) -> Entry:
    try:
        facts = item.stat()
    except OSError as error:
        return Entry(path, problem=_link_problem(item, error))
    if item.is_symlink() and stat.S_ISDIR(facts.st_mode):
        return Entry(path, problem="a link to a folder; such links are not followed")
    if not stat.S_ISREG(facts.st_mode):
        return Entry(path, problem="a pipe, socket or device, not a file")
    head, problem = _head(item.path) if must_look_inside(path) else (b"", "")
    return Entry(path, facts.st_size, facts.st_mtime_ns, head, problem)


def _link_problem(item: os.DirEntry[str], error: OSError) -> str:
    if not item.is_symlink():
        return f"cannot be read: {_why(error)}"
    if error.errno == errno.ELOOP:
        return "a link that leads round in a circle"
    return "a link to nothing" if error.errno == errno.ENOENT else f"a link: {_why(error)}"


def _head(path: str) -> tuple[bytes, str]:
    """The first bytes, or why nobody can tell whether this is a photo."""
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD), ""
    except OSError as error:
        return b"", f"cannot be read: {_why(error)}"


def _why(error: OSError) -> str:
    return error.strerror or str(error)
