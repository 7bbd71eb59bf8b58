"""The photos of one part of ImageNet in whatever form they lie there; archives stay packed.

The entry of a photo has the path PART/CLASS/NAME or PART/NAME. ``file`` and ``offset`` say where
its bytes are, in tars inside tars too; or ``file`` is the folder in which the rest of the path is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from alexnet.data.explain import empty, listed, number
from alexnet.data.filenames import kind, shown
from alexnet.data.sources.archives import BROKEN, cut
from alexnet.data.sources.entries import Entry
from alexnet.data.sources.known.ilsvrc_files import Part
from alexnet.data.sources.known.ilsvrc_names import is_wnid
from alexnet.data.sources.known.ilsvrc_releases import CLASS_TAR
from alexnet.data.sources.tarheaders import Headers
from alexnet.data.sources.tars import Region, Tar, entry, goes_on, opened
from alexnet.data.sources.trees import Tree
from alexnet.errors import AlexNetError

STRAY = "lies outside any class folder"


@dataclass
class _Odd:
    """What is odd about the classes of a part, to be said once for all of them."""

    empty: list[str] = field(default_factory=list)  # without any photo
    endless: list[str] = field(default_factory=list)  # tars without the mark that ends a tar
    longer: list[str] = field(default_factory=list)  # tars with something behind that mark
    unread: list[str] = field(default_factory=list)  # files between class tars

    def notes(self) -> Iterator[str]:
        """Sentences to say."""
        yield from empty(self.empty)
        if self.endless:
            yield (
                f"{number(len(self.endless), 'class tar')} without the mark that ends a tar "
                f"archive: {listed(self.endless)}. If this was downloaded, the download may have "
                "stopped early."
            )
        if self.longer:
            many = "goes on" if len(self.longer) == 1 else "go on"
            yield (
                f"{number(len(self.longer), 'class tar')} {many} behind the mark that ends a tar "
                f"archive; what is there is not read: {listed(self.longer)}."
            )
        if self.unread:
            yield f"Beside the class tars and not read: {listed(self.unread)}."


def photos(source: Path, part: Part, notes: list[str]) -> Iterator[Entry]:
    """All entries of a part; those of the forms with classes are labelled, or have a problem.

    What is to be said comes to ``notes``. AlexNetError where an archive is damaged or cut off.
    """
    where, odd = source / part.place, _Odd()
    try:
        if part.form == "tar":
            yield from _in_tar(where, part, notes)
        elif part.form == "flat":
            yield from _in_folder(where, part)
        elif part.form == "classes":
            yield from _in_class_folders(where, part, odd)
        elif part.form == "tars":
            yield from _in_class_tars(where, part, odd)
        else:
            yield from _in_tar_of_tars(where, part, notes, odd)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AlexNetError(f"{shown(str(where))} cannot be read: {reason}.") from error
    notes.extend(odd.notes())


def _in_tar(where: Path, part: Part, notes: list[str]) -> Iterator[Entry]:
    with _plain(where):
        tar = Tar(where)
    for one in tar.entries():
        if not one.folder:
            name = one.path.rpartition("/")[2]
            yield _judged(replace(one, path=f"{part.name}/{name}", file=part.place, part=part.name))
    notes.extend(tar.notes)


def _in_folder(where: Path, part: Part) -> Iterator[Entry]:
    for one in Tree(where).entries():
        if not one.folder:
            path = f"{part.name}/{one.path}"
            yield _judged(replace(one, path=path, file=part.place, part=part.name))


def _in_class_folders(where: Path, part: Part, odd: _Odd) -> Iterator[Entry]:
    classes: dict[str, bool] = {}  # whether there is a photo in them
    for one in _in_folder(where, part):
        _, label, *inside = one.path.split("/", 2)
        if not one.problem:
            classes[label] = True
        yield replace(one, label=label) if inside else replace(one, problem=one.problem or STRAY)
    with os.scandir(where) as scan:
        odd.empty += sorted(d.name for d in scan if d.is_dir() and d.name not in classes)


def _in_class_tars(where: Path, part: Part, odd: _Odd) -> Iterator[Entry]:
    for name in sorted(file.name for file in where.iterdir()):
        if found := CLASS_TAR.fullmatch(name):
            with _plain(where / name) as archive:
                file = f"{part.place}/{name}".removeprefix("/")
                tar = _ClassTar(found[1], file, str(where / name))
                yield from _in_class_tar(archive, tar, part, odd)
        elif is_wnid(name) and (where / name).is_dir():
            yield from _beside_class_tars(where, name, part)
        elif name.startswith("n"):
            odd.unread.append(name)


def _beside_class_tars(where: Path, label: str, part: Part) -> Iterator[Entry]:
    """The photos of a class that somebody has unpacked; all with a problem if its tar is there."""
    twice = f"{label}.tar beside its folder is read" if (where / f"{label}.tar").exists() else ""
    for one in Tree(where / label).entries():
        if not one.folder:
            path = f"{part.name}/{label}/{one.path}".removesuffix("/")
            one = replace(one, path=path, file=part.place, part=part.name, label=label)
            yield _judged(replace(one, problem=one.problem or twice))


def _in_tar_of_tars(where: Path, part: Part, notes: list[str], odd: _Odd) -> Iterator[Entry]:
    outer = Tar(where)
    for _ in outer.entries():
        pass  # an archive cut short is found before a million headers inside it are read
    with _plain(where) as archive:
        for one in outer.entries():
            name = one.path.rpartition("/")[2]
            found = None if one.problem or one.folder else CLASS_TAR.fullmatch(name)
            if found:
                inner = Region(archive.descriptor, one.offset, one.offset + one.size)
                tar = _ClassTar(found[1], part.place, f"{name} in {where}")
                yield from _in_class_tar(inner, tar, part, odd)
            elif not one.folder:
                problem = one.problem or "lies outside any class tar"
                yield replace(one, path=f"{part.name}/{one.path}", problem=problem, part=part.name)
    notes.extend(outer.notes)


class _ClassTar(NamedTuple):
    label: str
    file: str  # that holds it, below the source
    where: str  # for complaints


def _in_class_tar(archive: Region, tar: _ClassTar, part: Part, odd: _Odd) -> Iterator[Entry]:
    last, held, headers = "", False, Headers(archive)
    try:
        for member in headers:
            for one in entry(archive, member):
                if not one.folder:
                    path = f"{part.name}/{tar.label}/{one.path.rpartition('/')[2]}"
                    one = replace(one, path=path, file=tar.file, part=part.name, label=tar.label)
                    held = held or not one.problem
                    yield _judged(one)
            last = member.name
    except BROKEN as error:
        raise AlexNetError(cut(tar.where, last, error)) from error
    odd.endless += [] if headers.marked else [f"{tar.label}.tar"]
    odd.longer += [f"{tar.label}.tar"] if goes_on(archive, headers) else []
    odd.empty += [] if held else [tar.label]


def _judged(one: Entry) -> Entry:
    """With a problem where its name or its first bytes say that it is no photo."""
    why = "" if one.problem else kind(one.path, one.head)
    return replace(one, problem=f"no photo ({why})") if why else one


@contextmanager
def _plain(path: Path) -> Iterator[Region]:
    """The archive at ``path``; AlexNetError where it is packed, for it is read here and there."""
    with opened(path) as archive:
        if not isinstance(archive, Region):
            raise AlexNetError(
                f"{shown(str(path))} is compressed, and ImageNet's archives are read without "
                "unpacking them to disk. Decompress it first (gunzip, bunzip2 or xz -d)."
            )
        yield archive
