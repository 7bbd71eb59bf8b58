"""What of ImageNet lies in a folder: archives, or what people make of them."""

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from alexnet.data.filenames import shown
from alexnet.data.sources.known.devkit import truth_name
from alexnet.data.sources.known.ilsvrc_names import is_wnid
from alexnet.data.sources.known.ilsvrc_releases import (
    CLASS_TAR,
    KAGGLE,
    KAGGLE_TRUTH,
    NUMBERED,
    PARTS,
    RELEASES,
    Release,
)
from alexnet.errors import UsageError

LOOKED_AT = 10_000  # names, from which the form of a folder is told


@dataclass(frozen=True)
class Part:
    """Where the photos of a part are."""

    name: str  # train, val or test
    place: str  # file or folder below the source; "": the source itself
    form: str  # "tar", "tar of tars", "tars", "classes" (folders of them) or "flat" (a folder)

    @property
    def numbered(self) -> bool:
        """Whether its photos have numbers, and their classes are told elsewhere."""
        return self.form in ("tar", "flat")


@dataclass(frozen=True)
class Found:
    """What of ImageNet lies in a folder or a tar."""

    path: Path
    parts: tuple[Part, ...]  # train, val, test, as far as they are there
    release: Release | None  # None: some of the classes of the whole of ImageNet
    folder: Path  # where the files are that go with the photos
    tables: Path | None = None  # the folder with Kaggle's tables
    twice: tuple[str, ...] = ()  # folders that hold what an archive beside them holds as well

    @property
    def year(self) -> str:
        """That of the release, "" where there is none."""
        return self.release.year if self.release else ""

    @property
    def devkit(self) -> Path | None:
        """The development kit that goes with the photos."""
        return devkit(self.folder, self.release) if self.release else None


def find(path: Path) -> Found:
    """What of ImageNet lies in the folder ``path``, told by names alone.

    UsageError where it holds archives of two years, or photos of val beside other parts.
    """
    tables, inside = _kaggle(path)
    release = _release(path, inside, tables)
    found = [_part(path, part, inside, release) for part in PARTS]
    parts = tuple(part for part in found if part)
    loose = form(path)
    if loose.part and not parts:
        return _flat(path, loose)
    if loose.part and loose.part not in [part.name for part in parts]:
        raise UsageError(_loose(path, loose.part))
    twice = tuple(
        one.name for one in parts if one.place.endswith(".tar") and form(path / one.name).kind
    )
    return Found(path, parts, release, path, tables, twice)


def devkit(folder: Path, release: Release) -> Path | None:
    """The development kit in a folder: packed, or unpacked under whatever name people use."""
    truth = truth_name(release.year)
    for name in (*release.devkits, "devkit", "."):
        kit = folder / name
        if kit.is_file() or (kit / "data" / truth).is_file() or (kit / truth).is_file():
            return kit
    return None


class Form(NamedTuple):
    """How a folder holds photos of ImageNet, told by their names."""

    kind: str = ""  # as in ``Part``; "" where it holds none
    year: str = ""  # where the photos are numbered
    part: str = ""  # where the photos are numbered


def form(folder: Path) -> Form:
    """The form of a folder; none where it cannot be read."""
    try:
        with os.scandir(folder) as scan:
            some = list(islice(scan, LOOKED_AT))
        for item in some:
            if numbered := NUMBERED.fullmatch(item.name):
                return Form("flat", numbered[1], numbered[2])
            if CLASS_TAR.fullmatch(item.name):
                return Form("tars")
        return Form("classes") if any(is_wnid(d.name) and d.is_dir() for d in some) else Form()
    except OSError:
        return Form()


def _kaggle(path: Path) -> tuple[Path | None, str]:
    """The folder with Kaggle's tables, and where below ``path`` train, val and test are."""
    if (path / KAGGLE_TRUTH).is_file():
        return path, f"{KAGGLE}/" if (path / KAGGLE).is_dir() else ""
    whole = path.resolve()
    for folder, rest in zip(whole.parents, ("Data/CLS-LOC/", "CLS-LOC/", ""), strict=False):
        if whole / rest == folder / KAGGLE and (folder / KAGGLE_TRUTH).is_file():
            return folder, rest
    return None, ""


def _release(path: Path, inside: str, tables: Path | None) -> Release | None:
    years = {form(path / inside / part).year for part in PARTS} | ({"2012"} if tables else set())
    found = [one for one in RELEASES if one.year in years or _is_in(path, one)]
    if len(found) > 1:
        raise UsageError(
            f"{shown(str(path))} holds files of ILSVRC-2010 and of ILSVRC-2012, whose classes "
            "differ. Give a folder for each."
        )
    return found[0] if found else None


def _is_in(path: Path, release: Release) -> bool:
    archives = [name for names in release.archives.values() for name in names]
    there = any((path / name).is_file() for name in archives)
    return there or devkit(path, release) is not None


def _part(path: Path, part: str, inside: str, release: Release | None) -> Part | None:
    names = release.archives[part] if release else ()
    for name in names:
        if (path / name).is_file():
            return Part(part, name, "tar of tars" if part == "train" else "tar")
    for place in (f"{inside}{part}", *(name.removesuffix(".tar") for name in names)):
        kind = form(path / place).kind
        if kind and (kind, part) != ("flat", "train"):
            return Part(part, place, kind)
    return Part(part, "", "tars") if part == "train" and form(path).kind == "tars" else None


def _flat(path: Path, found: Form) -> Found:
    """A folder with the photos of val alone, the development kit in it or beside it."""
    release = next((one for one in RELEASES if one.year == found.year), None)
    inside = release and devkit(path, release)
    folder = path if inside else path.resolve().parent
    return Found(path, (Part(found.part, "", "flat"),), release, folder)


def _loose(path: Path, part: str) -> str:
    return (
        f"The photos of {part} lie loose in {shown(str(path))}. Move them to a folder of that name "
        f"in it, {part}/, so that nothing else is taken for one of them."
    )
