"""ImageNet as it is downloaded, or as people unpack it: ILSVRC-2012, ILSVRC-2010, all classes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from alexnet.data.sources.archives import BROKEN
from alexnet.data.sources.entries import Entry, Extent, Raw
from alexnet.data.sources.known.devkit import Devkit, read_devkit
from alexnet.data.sources.known.ilsvrc_answers import Answers, counted, kaggle_words
from alexnet.data.sources.known.ilsvrc_files import Found, Part, find
from alexnet.data.sources.known.ilsvrc_names import known_names, told_apart
from alexnet.data.sources.known.ilsvrc_parts import photos
from alexnet.data.sources.known.ilsvrc_patches import read_patches
from alexnet.data.sources.known.ilsvrc_releases import CLASS_TAR, NUMBERED, RELEASES
from alexnet.data.sources.known.ilsvrc_said import answers_of, check_some, looks, notes_on
from alexnet.data.sources.tarheaders import Headers
from alexnet.data.sources.tars import opened


@dataclass(frozen=True)
class Ilsvrc:
    """Photos of ImageNet. Their classes are WordNet ids.

    ``entries`` raises AlexNetError where an archive, or one inside it, is damaged or cut off; the
    sentence names it and the last photo before the damage.
    """

    path: Path
    looks: str
    parts: tuple[Part, ...]
    answers: dict[str, Answers]  # by part, where photos are numbered
    kit: Devkit | None
    names: dict[str, str]
    said: tuple[str, ...]  # the notes that are known before anything is listed
    labelled: bool = True
    upright: bool = False
    notes: list[str] = field(default_factory=list)

    def entries(self) -> Iterator[Entry]:
        """All photos of train, val and test, each part in the order of its archive or folder."""
        self.notes[:] = self.said
        patches = read_patches(self.path, self.notes)
        for part in self.parts:
            entries = photos(self.path, part, self.notes)
            if part.name in self.answers:
                entries = self.answers[part.name].labelled(entries, part.name, self.notes)
            elif part.name == "train" and self.kit:
                entries = counted(entries, self.kit, self.notes)
            yield from patches.applied(entries)
        self.notes.extend(patches.unused([part.name for part in self.parts]))

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """Where the wanted photos are: places in archives, or files."""
        for one in wanted:
            where = self.path / one.file
            if one.offset >= 0:
                yield Extent(where, one.offset, one.size)
            else:
                yield where / one.path.partition("/")[2]


def recognised(path: Path) -> Ilsvrc | None:
    """ImageNet in the folder or tar at ``path``; None where it is something else.

    A tree of class folders is None too: that its classes are WordNet ids changes nothing. Raises
    UsageError where something is missing, and AlexNetError where a development kit is damaged.
    """
    found = find(path) if path.is_dir() else _in_file(path)
    if found is None or (found.parts and all(part.form == "classes" for part in found.parts)):
        return None
    kit = read_devkit(found.devkit, found.year) if found.devkit else None
    answers = answers_of(found, kit)
    parts = tuple(part for part in found.parts if part.name in answers or not part.numbered)
    if not check_some(found, parts):
        return None
    names = _names(found, kit)
    return Ilsvrc(path, looks(found, parts), parts, answers, kit, names, notes_on(found, parts))


def _names(found: Found, kit: Devkit | None) -> dict[str, str]:
    if kit:
        return told_apart(kit.words.items())
    words = kaggle_words(found.tables) if found.tables else []
    return told_apart(words) or known_names()


def _in_file(path: Path) -> Found | None:
    """What a single tar holds, told by its first member and by its name."""
    first = _first_member(path)
    if CLASS_TAR.fullmatch(first):
        part = Part("train", "", "tar of tars")
        release = next((one for one in RELEASES if path.name in one.archives["train"]), None)
    elif numbered := NUMBERED.fullmatch(first):
        part = Part(numbered[2], "", "tar")
        release = next((one for one in RELEASES if one.year == numbered[1]), None)
    else:
        return None
    return Found(path, (part,), release, path.parent)


def _first_member(path: Path) -> str:
    try:
        with opened(path) as archive:
            some = islice(Headers(archive), 10)
            return next((m.name.rpartition("/")[2] for m in some if m.kind == "file"), "")
    except BROKEN:
        return ""  # whoever lists the archive says so
