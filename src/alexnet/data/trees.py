"""What lies in a folder: every file below it, links judged, nothing opened that could block."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from alexnet.data.filenames import HEAD, must_look_inside


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a source that is no folder."""

    path: str  # inside the source, "/" between names; bytes that are no UTF-8 as surrogates
    size: int = 0  # bytes
    stamp: int = 0  # time of last change, nanoseconds
    head: bytes = b""  # the first bytes, where the name does not tell what it is
    problem: str = ""  # why it cannot be a photo ("a link to nothing"), "" where it can


def walk(folder: Path) -> tuple[list[Entry], list[str]]:
    """All entries below ``folder`` and all folders, sorted by name; raises nothing.

    Links to files are followed; links to folders are not walked, so that there is no endless tree.
    """
    entries: list[Entry] = []
    folders: list[str] = []
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(folder / inside) as scan:
                found = list(scan)
        except OSError as error:
            entries.append(Entry(inside, problem=f"a folder that cannot be listed: {_why(error)}"))
            continue
        for item in found:
            path = f"{inside}/{item.name}" if inside else item.name
            if item.is_dir(follow_symlinks=False):
                folders.append(path)
                waiting.append(path)
            else:
                entries.append(_entry(path, item))
    return sorted(entries, key=lambda entry: entry.path), sorted(folders)


def _entry(path: str, item: os.DirEntry[str]) -> Entry:
    try:
        facts = item.stat()
    except OSError as error:
        return Entry(path, problem=_link_problem(item, error))
    if item.is_symlink() and stat.S_ISDIR(facts.st_mode):
        return Entry(path, problem="a link to a folder; such links are not followed")
    if not stat.S_ISREG(facts.st_mode):
        return Entry(path, problem="a pipe, socket or device, not a file")
    head = _head(item.path) if must_look_inside(path) else b""
    return Entry(path, facts.st_size, facts.st_mtime_ns, head)


def _link_problem(item: os.DirEntry[str], error: OSError) -> str:
    if not item.is_symlink():
        return f"cannot be read: {_why(error)}"
    if error.errno == errno.ELOOP:
        return "a link that leads round in a circle"
    return "a link to nothing" if error.errno == errno.ENOENT else f"a link: {_why(error)}"


def _head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _why(error: OSError) -> str:
    return error.strerror or str(error)
