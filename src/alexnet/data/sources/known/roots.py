"""Where the photos of a list are: below its folder, in one beside it, or moved from elsewhere."""

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet.data.explain import listed
from alexnet.data.filenames import shown
from alexnet.data.sources.known.columns import is_file
from alexnet.errors import UsageError

MOST_FOLDERS = 200  # beside a list that are searched for its photos


@dataclass(frozen=True)
class Root:
    """How paths of a list become paths from its folder."""

    strip: str = ""  # folders in front that are not here: "/home/anna/photos/"
    add: str = ""  # the folder that they lie in: "images/"

    def inside(self, path: str) -> str:
        """The path from the folder of the list, or an absolute one; ".." where it leads out."""
        path = path.removeprefix(self.strip)
        return posixpath.normpath(path if path.startswith("/") else self.add + path)

    @property
    def note(self) -> str:
        """The end of a sentence that begins with the list, "" where paths are as they stand."""
        if self.add:
            return f"names photos in {shown(self.add)}"
        where = f"beside it now, no longer in {shown(self.strip)}"
        return f"names photos that lie {where}" if self.strip else ""


def find_root(path: Path, photos: Sequence[str]) -> Root:
    """Where the first photos of the list at ``path`` are; Root() where none can be found.

    UsageError where several folders hold photos of these names: only one can be meant.
    """
    folder, names = path.parent, [portable(name) for name in photos]
    if not names or any(is_file(folder, name) for name in names):
        return Root()
    for strip in _fronts(folder, names):
        if _most_are_there(folder, names, Root(strip)):
            return Root(strip)
    beside = [f for f in _folders(folder) if _most_are_there(folder, names, Root(add=f"{f}/"))]
    if len(beside) > 1 and path.stem not in beside:
        raise UsageError(
            f"{shown(str(path))} names photos such as {shown(names[0])}, which are in "
            f"{listed(beside)}; write the folder into the list, in front of each path."
        )
    return Root(add=f"{path.stem if path.stem in beside else beside[0]}/") if beside else Root()


def portable(path: str) -> str:
    """A path as Linux writes it: Windows parts folders by backslashes."""
    path = path.strip()
    return path if "/" in path else path.replace("\\", "/")


def _fronts(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """Folders in front of all paths that may be those of another machine, the shortest first.

    Of a relative path only the name of the list's own folder: else photos of one class could be
    taken for those of another.
    """
    first = names[0]
    is_absolute = first.startswith("/") or first[1:3] == ":/"
    for end, character in enumerate(first):
        front = first[: end + 1]
        known = is_absolute or front == f"{folder.resolve().name}/"
        if character == "/" and known and all(name.startswith(front) for name in names):
            yield front


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as scan:
            return sorted(item.name for item in scan if item.is_dir())[:MOST_FOLDERS]
    except OSError:
        return []


def _most_are_there(folder: Path, names: Sequence[str], root: Root) -> bool:
    return 2 * sum(is_file(folder, root.inside(name)) for name in names) > len(names)
